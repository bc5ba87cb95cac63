export { MAX_CONFIG_FILE_BYTES, readConfigFile } from './documents/bounded-file.ts'
export type { ReadConfigFileOptions } from './documents/bounded-file.ts'
export { readStrictJson } from './documents/strict-json.ts'
export type { JsonPath, StrictJson, StrictJsonOptions } from './documents/strict-json.ts'
