import { ImageError, quoteForeign } from '@crossdock/core'
import type { AuthOptions } from './auth-options.ts'
import { type Credentials, passwordOrToken, TOKEN_USERNAME } from './credentials.ts'
import { findProgram } from './find-program.ts'
import { callHelper, type HelperAnswer } from './helper-process.ts'

/** A program that keeps credentials: `docker-credential-NAME`, in the protocol of docker-credential-helpers. */
export interface CredentialHelper {
  /** `docker-credential-NAME`. */
  readonly program: string
  /** Whether there is such a program. */
  isInstalled(): Promise<boolean>
  /** Undefined if it has none for the server. */
  get(server: string): Promise<Credentials | undefined>
  store(server: string, credentials: Credentials): Promise<void>
  /** False if it had none. */
  erase(server: string): Promise<boolean>
  /** The servers it has credentials for. */
  list(): Promise<readonly string[]>
}

export type HelperOptions = Pick<AuthOptions, 'environment' | 'helperTimeoutMs' | 'signal'>

const NAME = /^[a-z0-9._-]{1,100}$/
const TIMEOUT_MS = 30_000
/** How helpers say that they have nothing, on stdout, with an exit code that is not 0. */
const NOTHING = 'credentials not found in native keychain'

/**
 * `name` is what a configuration calls it, `where` the place that does, for messages. Throws `INVALID_DATA` for a name that could lead to
 * another program. Its methods throw `UNAUTHENTICATED` if it is not there, fails or hangs, and `INVALID_DATA` for an answer that cannot be
 * read. Of what it says nothing is shown: secrets are among it.
 */
export function credentialHelper(name: string, where: string, options: HelperOptions): CredentialHelper {
  if (!NAME.test(name)) {
    const why = 'names a credential helper that cannot be one: a name takes a-z, 0-9, ".", "_" and "-"'
    throw new ImageError('INVALID_DATA', `${quoteForeign(where)} ${why}`)
  }
  const program = `docker-credential-${name}`
  const { environment, helperTimeoutMs: timeoutMs = TIMEOUT_MS, signal } = options
  const find = (): Promise<string | undefined> => findProgram(program, environment)

  async function call(verb: string, input: string): Promise<HelperAnswer> {
    const path = await find()
    if (path === undefined) throw notInstalled(program, where)
    return await callHelper({ path, verb, input, env: environment.env, timeoutMs, signal })
  }

  /** The answer; undefined if it has nothing. */
  async function ask(verb: string, server: string): Promise<Buffer | undefined> {
    const { succeeded, output } = await call(verb, server)
    if (succeeded) return output
    if (output.toString('utf8').trim() === NOTHING) return undefined
    throw failed(program, verb, server)
  }

  return {
    program,
    isInstalled: async () => (await find()) !== undefined,
    get: async (server) => {
      const answer = await ask('get', server)
      return answer === undefined ? undefined : readCredentials(answer, program)
    },
    store: async (server, credentials) => {
      const [Username, Secret] = pairOf(credentials, program)
      const { succeeded } = await call('store', JSON.stringify({ ServerURL: server, Username, Secret }))
      if (!succeeded) throw failed(program, 'store', server)
    },
    erase: async (server) => (await ask('erase', server)) !== undefined,
    list: async () => {
      const answer = await ask('list', '')
      return answer === undefined ? [] : Object.keys(readObject(answer, program))
    },
  }
}

function pairOf(credentials: Credentials, program: string): readonly [string, string] {
  if ('password' in credentials) return [credentials.username, credentials.password]
  if ('identityToken' in credentials) return [TOKEN_USERNAME, credentials.identityToken]
  throw new ImageError('UNSUPPORTED', `${program} takes passwords and identity tokens, and no registry tokens`)
}

function readCredentials(answer: Buffer, program: string): Credentials | undefined {
  const { Username = '', Secret = '' } = readObject(answer, program)
  if (typeof Username !== 'string' || typeof Secret !== 'string') throw unreadable(program)
  return passwordOrToken(Username, Secret)
}

function readObject(answer: Buffer, program: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer))
  } catch {
    throw unreadable(program)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(program)
  return { ...value }
}

function unreadable(program: string): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `the answer of ${program} is not that of a credential helper; see what it is, or log in without it`,
  )
}

export function notInstalled(program: string, where: string): ImageError {
  const why = `${quoteForeign(where)} says that ${program} keeps the credentials, and PATH has no such program`
  return new ImageError('UNAUTHENTICATED', `${why}: install it, correct the file, or do without credentials`)
}

function failed(program: string, verb: string, server: string): ImageError {
  const run = `echo ${quoteForeign(server, 200)} | ${program} ${verb}`
  const way = verb === 'get' || verb === 'erase' ? `"${run}" shows why` : 'run it to see why'
  return new ImageError('UNAUTHENTICATED', `${program} failed to ${verb} for ${quoteForeign(server, 200)}; ${way}`)
}
