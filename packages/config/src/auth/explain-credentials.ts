import { ImageError } from '@crossdock/core'
import { readAuthDocument } from './auth-document.ts'
import { type AuthFile, authFiles } from './auth-files.ts'
import type { AuthOptions } from './auth-options.ts'
import type { CredentialsOrigin, CredentialsQuery } from './credentials.ts'
import { AUTH_FILES_HELPER, keyOf, placesInFile, sourceNames } from './look-up.ts'

/** Where credentials would come from, without them: no helper is asked. */
export interface CredentialsExplanation {
  /** The files that are looked into, in order. */
  readonly files: readonly ExplainedAuthFile[]
  /** What would be asked, the first one first. The first that has credentials decides. */
  readonly places: readonly CredentialsOrigin[]
}

export interface ExplainedAuthFile {
  readonly path: string
  readonly state: 'read' | 'missing' | 'wrong'
  /** Why it is wrong, without anything that may be secret. */
  readonly problem?: string | undefined
}

export async function explainCredentials(
  query: CredentialsQuery,
  options: AuthOptions,
): Promise<CredentialsExplanation> {
  const files: ExplainedAuthFile[] = []
  const places: CredentialsOrigin[] = []
  for (const name of await sourceNames(options)) {
    if (name === AUTH_FILES_HELPER) {
      for (const file of authFiles(options)) files.push(await explainFile(file, { query, options, places }))
    } else {
      places.push({ key: keyOf(query).host, helper: `docker-credential-${name}` })
    }
  }
  return { files, places }
}

interface Explaining {
  readonly query: CredentialsQuery
  readonly options: AuthOptions
  readonly places: CredentialsOrigin[]
}

async function explainFile(file: AuthFile, { query, options, places }: Explaining): Promise<ExplainedAuthFile> {
  const { path } = file
  try {
    if ((await readAuthDocument(file, options.signal)) === undefined) return { path, state: 'missing' }
    const delayed: unknown[] = []
    for await (const { from } of placesInFile(file, { key: keyOf(query), options, delayed })) places.push(from)
    if (delayed.length > 0) throw delayed[0]
    return { path, state: 'read' }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    return { path, state: 'wrong', problem: error.message }
  }
}
