import type { OperationOptions, UnparsedImage } from '@crossdock/core'
import { keyStoreFiles } from '../appc/key-store-files.ts'

/** A file's bytes, undefined if there is none. Throws if it cannot be read, or is larger than a key can be. */
export type ReadFile = (path: string, options: OperationOptions) => Promise<Uint8Array | undefined>

/** The names in a folder, undefined if there is none. */
export type ReadFolder = (path: string, options: OperationOptions) => Promise<readonly string[] | undefined>

/** An archive that detached signatures are for. */
export interface SignedArchive {
  /** What the manifest in the archive calls the image. */
  readonly name: string
  /** The file as it was published, packed or not. The image is made of these very bytes, and of no others. */
  open(options?: OperationOptions): AsyncIterable<Uint8Array>
}

/** All that a judge knows of the world besides policy and image. */
export interface JudgeOptions extends OperationOptions {
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined
  /** For the key files of the policy. Default: regular files of at most 4 MiB. */
  readonly readFile?: ReadFile | undefined
  /** For the key stores of `appcSignedBy`. Default: the file system. */
  readonly readFolder?: ReadFolder | undefined
  /** Rejects what is accepted without any signature having been verified. Default: false. */
  readonly requireSigned?: boolean | undefined
  /** The archive that an image was read from, for `appcSignedBy`. Default: no image has one. */
  readonly signedArchive?:
    | ((image: UnparsedImage, options: OperationOptions) => Promise<SignedArchive | undefined>)
    | undefined
}

export interface ResolvedJudgeOptions {
  readonly now: () => Date
  readonly readFile: ReadFile
  readonly readFolder: ReadFolder
  readonly requireSigned: boolean
  readonly signedArchive: NonNullable<JudgeOptions['signedArchive']>
  readonly operation: OperationOptions
}

export function resolveJudgeOptions(options: JudgeOptions): ResolvedJudgeOptions {
  const files = keyStoreFiles({ signal: options.signal, onProgress: options.onProgress })
  return {
    now: options.now ?? (() => new Date()),
    readFile: options.readFile ?? files.readFile,
    readFolder: options.readFolder ?? files.readFolder,
    requireSigned: options.requireSigned ?? false,
    signedArchive: options.signedArchive ?? (async () => undefined),
    operation: files.operation,
  }
}
