import { type CompiledFilter, compileFilter } from '../client/filter/filter.ts';
import {
  type NameFacts,
  type NameField,
  type NameTemplate,
  parseNameTemplate,
  templateTexts,
} from './name-template.ts';

/** A search filter of the configuration, read and compiled once. */
export class NameFilter {
  readonly template: NameTemplate;
  readonly #compiled: CompiledFilter;

  private constructor(template: NameTemplate, compiled: CompiledFilter) {
    this.template = template;
    this.#compiled = compiled;
  }

  /** @throws {NameTemplateError} or {FilterError} with the place of the mistake */
  static parse(source: string, allowed: readonly NameField[]): NameFilter {
    const template = parseNameTemplate(source, allowed);
    return new NameFilter(template, compileFilter(template.pieces));
  }

  /** As the operator wrote it. */
  get source(): string {
    return this.template.source;
  }

  /** What is known of a login in the order of the filter's places: the same for the same filter only. */
  texts(facts: NameFacts): readonly string[] {
    return templateTexts(this.template, facts);
  }

  /** The filter as BER, with `texts` in its places. */
  encodeTexts(texts: readonly string[]): Buffer {
    return this.#compiled(texts);
  }

  /** The filter as BER, with what is known of a login in its places. */
  encode(facts: NameFacts): Buffer {
    return this.#compiled(this.texts(facts));
  }
}
