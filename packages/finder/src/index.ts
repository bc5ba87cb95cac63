export { readImageText } from './text/read-image-text.ts'
export type { ImageText, ReadTextOptions } from './text/read-image-text.ts'
export { nameOfPath } from './text/name-of-path.ts'
export type { NameOfPathOptions } from './text/name-of-path.ts'
