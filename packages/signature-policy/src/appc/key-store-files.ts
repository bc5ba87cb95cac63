import { readConfigFile } from '@crossdock/config'
import type { OperationOptions } from '@crossdock/core'
import type { KeyStoreReader } from './key-store.ts'
import { readFolderNames } from './read-folder-names.ts'

/** Reads key stores from the file system: regular files of at most 4 MiB. */
export function keyStoreFiles(operation: OperationOptions = {}): KeyStoreReader {
  return { readFile: (path, { signal }) => readConfigFile(path, { signal }), readFolder: readFolderNames, operation }
}
