/** Request headers that the Basic door reads, and no others: the browser can send any that the web server does not set itself. */
export const BASIC_HEADERS = { client_ip: 'Client-IP', client_port: 'Client-Port', ssl: 'Auth-SSL' } as const;
