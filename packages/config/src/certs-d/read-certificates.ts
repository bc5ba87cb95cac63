import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { ImageError, quoteForeign } from '@crossdock/core'
import { readConfigFile } from '../documents/bounded-file.ts'

/** PEM texts, as the `docker` transport takes them. */
export interface Certificates {
  /** Authorities to trust, those that Node.js trusts by itself included. */
  readonly ca?: readonly string[]
  /** The client's certificate and its key; only together. */
  readonly cert?: string
  readonly key?: string
}

export interface ReadCertificatesOptions {
  readonly signal?: AbortSignal | undefined
  /** Whether a folder without any certificate is one that asks for nothing. Default: false, it is refused. */
  readonly mayBeEmpty?: boolean | undefined
}

/** No certificate file is larger; a bundle of every public authority has a quarter of it. */
const MAX_FILE_BYTES = 1024 * 1024

/**
 * Reads a folder in the form of containers-certs.d(5): `*.crt` are authorities, trusted besides Node's own; `NAME.cert` and
 * `NAME.key` are the client's certificate and its key. Other files are not looked at. Throws `INVALID_DATA` for a pair that is
 * not whole, for a second pair, for what is not PEM, and for a folder with none of these files: certificates that were asked for are
 * never left out; `IO`; `LIMIT_EXCEEDED`.
 */
export async function readCertificates(
  folder: string,
  { signal, mayBeEmpty = false }: ReadCertificatesOptions = {},
): Promise<Certificates> {
  const names = (await listFolder(folder)).toSorted()
  const pair = clientPair(folder, names)
  const authorities = names.filter((name) => name.endsWith('.crt'))
  if (pair === undefined && authorities.length === 0 && !mayBeEmpty) {
    throw refused(folder, "has no certificates: authorities are *.crt, a client's own *.cert and *.key")
  }
  const read = (name: string): Promise<string> => readPem(join(folder, name), signal)
  const given = await Promise.all(authorities.map(read))
  return {
    ...(given.length > 0 && { ca: [...getCACertificates('default'), ...given] }),
    ...(pair !== undefined && { cert: await read(`${pair}.cert`), key: await read(`${pair}.key`) }),
  }
}

function clientPair(folder: string, names: readonly string[]): string | undefined {
  const stems = (suffix: string): readonly string[] =>
    names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length))
  const [certificates, keys] = [stems('.cert'), stems('.key')]
  const alone = certificates.find((stem) => !keys.includes(stem))
  if (alone !== undefined) throw refused(folder, `has ${shown(`${alone}.cert`)}, but not its .key`)
  const lost = keys.find((stem) => !certificates.includes(stem))
  if (lost !== undefined) throw refused(folder, `has ${shown(`${lost}.key`)}, but not its .cert`)
  if (certificates.length > 1) throw refused(folder, 'has more than one client certificate: leave one')
  return certificates[0]
}

async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `the certificates in ${shown(folder)} cannot be read: ${quoteForeign(reason)}`
    throw new ImageError('IO', message, { cause })
  }
}

async function readPem(path: string, signal: AbortSignal | undefined): Promise<string> {
  const bytes = await readConfigFile(path, { limitBytes: MAX_FILE_BYTES, signal })
  if (bytes === undefined) throw new ImageError('IO', `${shown(path)} leads to no file`)
  const text = new TextDecoder().decode(bytes)
  if (!text.includes('-----BEGIN ')) throw refused(path, 'is not in PEM form')
  return text
}

function refused(path: string, why: string): ImageError {
  return new ImageError('INVALID_DATA', `${shown(path)} ${why}`)
}

function shown(text: string): string {
  return `"${quoteForeign(text, 200)}"`
}
