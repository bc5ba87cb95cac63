/** Text by key; key and value together have up to 4096 bytes. */
export type Labels = Readonly<Record<string, string>>
