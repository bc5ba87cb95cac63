import { type Fields, fieldsOf } from '../documents/fields.ts'
import { unknownKeys } from '../documents/unknown-keys.ts'
import { lowerCaseHost } from '../host/lower-case-host.ts'
import { readYaml } from '../documents/yaml.ts'
import type { RegistriesDFile, SignatureNamespace, StorageUrl } from './registries-d.ts'

const KEYS = new Set(['default-docker', 'docker'])
const NAMESPACE_KEYS = new Set([
  'lookaside',
  'lookaside-staging',
  'use-sigstore-attachments',
  'sigstore',
  'sigstore-staging',
])

/**
 * Reads one file of the form containers-registries.d(5). `sigstore` and `sigstore-staging` are old names of `lookaside` and `lookaside-staging`, which
 * decide if both are there. Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, and `LIMIT_EXCEEDED`. Unknown keys are noted.
 */
export async function parseRegistriesD(bytes: Uint8Array, file: string): Promise<RegistriesDFile> {
  const top = fieldsOf(await readYaml(bytes, file))
  const notes = unknownKeys(top, KEYS)
  const read = (table: Fields, line: number): SignatureNamespace => {
    notes.push(...unknownKeys(table, NAMESPACE_KEYS))
    return {
      lookaside: storageUrl(table, 'lookaside') ?? storageUrl(table, 'sigstore'),
      lookasideStaging: storageUrl(table, 'lookaside-staging') ?? storageUrl(table, 'sigstore-staging'),
      useSigstoreAttachments: yamlFlag(table, 'use-sigstore-attachments'),
      file,
      line,
    }
  }
  const byDefault = top.table('default-docker')
  const scopes = top.table('docker')
  return {
    file,
    defaultDocker: byDefault === undefined ? undefined : read(byDefault, top.line('default-docker')),
    docker: new Map(
      (scopes?.keys ?? []).flatMap((scope) => {
        const table = scopes?.table(scope)
        return scopes === undefined || table === undefined
          ? []
          : [[lowerCaseHost(scope), read(table, scopes.line(scope))]]
      }),
    ),
    notes,
  }
}

/** Undefined if it is empty. */
function storageUrl(table: Fields, key: string): StorageUrl | undefined {
  const text = table.text(key)
  if (text === undefined || text === '') return undefined
  const problem = urlProblem(text)
  return { text, problem: problem === undefined ? undefined : table.error(key, `"${key}" ${problem}`) }
}

function urlProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !['file:', 'http:', 'https:'].includes(url.protocol)) {
    return 'must be a URL that begins with file:///, https:// or http://'
  }
  if (url.username !== '' || url.password !== '') return 'must not have credentials in it'
  return url.protocol === 'file:' && url.host !== '' ? 'must have a path behind file://: write file:///PATH' : undefined
}

/** YAML 1.1 has more words for true and false than 1.2, and files with them are about. */
function yamlFlag(table: Fields, key: string): boolean | undefined {
  const words = new Map([
    ['y', true],
    ['yes', true],
    ['on', true],
    ['n', false],
    ['no', false],
    ['off', false],
  ])
  const word = table.isText(key) ? words.get(table.text(key)?.toLowerCase() ?? '') : undefined
  return word ?? table.flag(key)
}
