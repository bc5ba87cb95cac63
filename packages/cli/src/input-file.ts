import { ImageError, quoteForeign } from '@crossdock/core'

interface InputFileOptions {
  readonly signal: AbortSignal
  /** The most bytes that are read. Default: 4 MiB. */
  readonly limitBytes?: number | undefined
}

/** A file that an argument or a flag names. Throws `IO`, for one that is not there, too, and `LIMIT_EXCEEDED`. */
export async function readInputFile(path: string, options: InputFileOptions): Promise<Uint8Array> {
  const { readConfigFile } = await import('@crossdock/config')
  const bytes = await readConfigFile(path, options)
  if (bytes === undefined) throw new ImageError('IO', `there is no file ${quoteForeign(path)}`)
  return bytes
}

/** The passphrase in a file: its first line. Undefined if no file is named. */
export async function readPassphraseFile(
  path: string | undefined,
  options: InputFileOptions,
): Promise<string | undefined> {
  if (path === undefined) return undefined
  const text = Buffer.from(await readInputFile(path, options)).toString('utf8')
  return /^[^\r\n]*/.exec(text)?.[0]
}
