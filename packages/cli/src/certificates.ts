import { ImageError, quoteForeign } from '@crossdock/core'
import { UsageError } from './failure.ts'

/** PEM texts, as the `docker` transport takes them. */
export interface Certificates {
  readonly ca?: readonly string[]
  readonly cert?: string
  readonly key?: string
}

/** No certificate file is larger; a bundle of every public authority has a quarter of it. */
const MAX_FILE_BYTES = 1024 * 1024

/**
 * Reads a folder in the form of containers-certs.d(5): `*.crt` are authorities, trusted besides Node's own; `NAME.cert` and
 * `NAME.key` are the client's certificate and its key. Other files are not looked at. Throws a `UsageError` for a pair that is
 * not whole, for a second pair, and for a folder with none of these files: certificates that were asked for are never left out.
 */
export async function readCertificates(folder: string, signal: AbortSignal): Promise<Certificates> {
  const names = (await listFolder(folder)).toSorted()
  const pair = clientPair(folder, names)
  const authorities = names.filter((name) => name.endsWith('.crt'))
  if (pair === undefined && authorities.length === 0) {
    throw new UsageError(`${shown(folder)} has no certificates: authorities are *.crt, a client's own *.cert and *.key`)
  }
  const read = (name: string): Promise<string> => readPem(folder, name, signal)
  const given = await Promise.all(authorities.map(read))
  return {
    ...(given.length > 0 && { ca: [...ownAuthorities(), ...given] }),
    ...(pair !== undefined && { cert: await read(`${pair}.cert`), key: await read(`${pair}.key`) }),
  }
}

/** What Node.js trusts by itself, `NODE_EXTRA_CA_CERTS` included. */
function ownAuthorities(): readonly string[] {
  return process.getBuiltinModule('node:tls').getCACertificates('default')
}

function clientPair(folder: string, names: readonly string[]): string | undefined {
  const stems = (suffix: string): readonly string[] =>
    names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length))
  const [certificates, keys] = [stems('.cert'), stems('.key')]
  const alone = certificates.find((stem) => !keys.includes(stem))
  if (alone !== undefined) throw new UsageError(`${shown(folder)} has ${shown(`${alone}.cert`)}, but not its .key`)
  const lost = keys.find((stem) => !certificates.includes(stem))
  if (lost !== undefined) throw new UsageError(`${shown(folder)} has ${shown(`${lost}.key`)}, but not its .cert`)
  if (certificates.length > 1) throw new UsageError(`${shown(folder)} has more than one client certificate: leave one`)
  return certificates[0]
}

async function listFolder(folder: string): Promise<readonly string[]> {
  const { readdir } = process.getBuiltinModule('node:fs/promises')
  try {
    return await readdir(folder)
  } catch (error) {
    throw unreadable(folder, error)
  }
}

async function readPem(folder: string, name: string, signal: AbortSignal): Promise<string> {
  const { constants } = process.getBuiltinModule('node:fs')
  const { open } = process.getBuiltinModule('node:fs/promises')
  const path = process.getBuiltinModule('node:path').join(folder, name)
  try {
    // A pipe or device of that name must not hold the command up.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const facts = await file.stat()
      if (!facts.isFile() || facts.size > MAX_FILE_BYTES) throw new Error('it is no file, or too large')
      const text = await file.readFile({ encoding: 'utf8', signal })
      if (!text.includes('-----BEGIN ')) throw new Error('it is not in PEM form')
      return text
    } finally {
      await file.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): ImageError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `the certificates in ${shown(path)} cannot be read: ${quoteForeign(reason)}`
  return new ImageError('IO', message, { cause })
}

function shown(text: string): string {
  return `"${quoteForeign(text, 200)}"`
}
