import { type Delimiter, readCsv } from './csv-records.ts';
import { LoadColumns, type LoadRow } from './load-rows.ts';

export interface LoadTable {
  /** Begins to read the text of the table. */
  readonly open: () => AsyncIterable<string>;
  /** How often it is read. */
  readonly loops: number;
  /** Rows at most, of all times together. */
  readonly max: number;
  /** Found in the first line where `undefined`. */
  readonly delimiter: Delimiter | undefined;
  /** Told once of columns that mean nothing. */
  readonly onUnknown: (names: readonly string[]) => void;
}

/** The rows of a table, one after the other, as they are asked for. @throws {TableError} where it cannot be used */
export async function* openTable({ open, loops, max, delimiter, onUnknown }: LoadTable): AsyncGenerator<LoadRow> {
  let given = 0;
  for (let loop = 0; loop < loops; loop += 1) {
    let columns: LoadColumns | undefined;
    let row = 0;
    for await (const record of readCsv(open(), delimiter)) {
      if (columns === undefined) {
        columns = new LoadColumns(record.fields);
        if (loop === 0 && columns.unknown.length > 0) onUnknown(columns.unknown);
        continue;
      }
      if (given >= max) return;
      row += 1;
      given += 1;
      yield columns.read(record, row);
    }
    // It would be read for ever.
    if (row === 0) return;
  }
}
