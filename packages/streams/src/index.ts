// Verifying
export { verifyBlob } from './verify-blob.ts'
export type { ExpectedBlob, VerifyBlobOptions } from './verify-blob.ts'
export { readBytes, readVerified } from './read-bytes.ts'
export type { ReadBytesOptions } from './read-bytes.ts'

// Reshaping
export { coalesce } from './coalesce.ts'
export { firstBytes } from './first-bytes.ts'
export { skipBytes } from './skip-bytes.ts'
export { CHUNK_BYTES, recycle, shareChunk, takeChunk } from './chunk-pool.ts'

// Compression
export { detectCompression } from './detect-compression.ts'
export type { Compression } from './detect-compression.ts'
export { decompress } from './decompress.ts'
export type { DecompressOptions } from './decompress.ts'
export { compress } from './compress.ts'
export type { CompressOptions } from './compress.ts'
export type { CompressionFormat } from './node-zlib.ts'
export { recompress } from './recompress.ts'
export type { Recompressed, RecompressOptions, Recompression } from './recompress.ts'
export { diffId } from './diff-id.ts'
export type { DiffId, DiffIdOptions } from './diff-id.ts'
export { passDiffId } from './pass-diff-id.ts'

// Parallel work
export { createLimiter } from './limiter.ts'
export type { Limiter, LimiterRunOptions } from './limiter.ts'
export { runAll } from './run-all.ts'
export type { RunAllOptions } from './run-all.ts'
export { createInFlight } from './in-flight.ts'
export type { InFlight, InFlightOptions, InFlightRunOptions } from './in-flight.ts'

// Time
export { delay, raceSignal } from './delay.ts'
export { untilAborted } from './until-aborted.ts'
export { withTimeout } from './with-timeout.ts'
export type { TimeoutOptions } from './with-timeout.ts'
export { createThrottle } from './throttle.ts'
