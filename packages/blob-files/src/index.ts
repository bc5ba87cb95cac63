// Places
export { blobPaths } from './blob-paths.ts'
export type { BlobPaths, BlobPathsOptions } from './blob-paths.ts'
export { createFolder, createFolderOf, createWithParents, requirePlain } from './folders.ts'
export { pathPolicy, pathScopeProblem } from './path-policy.ts'
export type { PathPolicyOptions } from './path-policy.ts'

// Blobs
export { createBlobSession } from './blob-session.ts'
export type { BlobMethods, BlobSession, BlobSessionOptions } from './blob-session.ts'
export { writeBlob } from './write-blob.ts'
export type { WriteBlobOptions, WrittenBlob } from './write-blob.ts'
export { blobSize, openBlob } from './open-blob.ts'
export { manifestReader } from './manifest-reader.ts'
export { partialSize } from './partial.ts'
export { requireBlobs } from './require-blobs.ts'
export { syncFoldersOf } from './sync-folders.ts'
export { createTrust, trimStamps } from './trust.ts'
export type { HoldsOptions, Trust } from './trust.ts'

// Other files
export { openRegular, PRIVATE_MODE, publicMode, readBounded, readFully, syncFolder, writeFully } from './files.ts'
export type { OpenedFile, ReadBoundedOptions } from './files.ts'
export { hashRange } from './hash-range.ts'
export type { HashRangeOptions } from './hash-range.ts'
export { createFileWriter } from './file-writer.ts'
export type { FileWriter, FileWriterOptions } from './file-writer.ts'
export { createFlusher } from './flusher.ts'
export type { Flusher } from './flusher.ts'
export { replaceFile } from './replace-file.ts'
export type { ReplaceFileOptions } from './replace-file.ts'

// Beside other processes
export { acquireLock } from './lock.ts'
export type { Lock, LockOptions } from './lock.ts'
export { createLeftovers, sweepPartials } from './leftovers.ts'
export type { Leftover, Leftovers } from './leftovers.ts'
export { sweep, sweepPassing } from './sweep.ts'
export type { SweepOptions } from './sweep.ts'
export { formatOwner, lifeOf, parseOwner, STALE_MS, thisProcess } from './owner.ts'
export type { Owner } from './owner.ts'

// Failures
export { errorNumber, fileError, ifExists, naming, pathError, quotePath } from './file-errors.ts'
