// The contract as cases
export { runTransportCases } from './run-transport-cases.ts'
export type { RunTransportCasesOptions, TestFunction } from './run-transport-cases.ts'
export { transportCases } from './transport-cases.ts'
export type { CaseFixture, ConformanceCase } from './conformance-case.ts'
export type { Capability, ContentCapability, MethodCapability } from './capabilities.ts'
export type { TransportFixture } from './fixture.ts'

// Images to test with
export { rootDescriptor, testBlob, testImage, testManifest } from './images/test-image.ts'
export type { TestBlob, TestBlobOptions, TestImage, TestImageOptions } from './images/test-image.ts'
export { testIndex } from './images/test-index.ts'
export type { TestIndexOptions } from './images/test-index.ts'
export { testArtifact, withReferrers } from './images/test-artifact.ts'
export type { TestArtifactOptions } from './images/test-artifact.ts'
export { testSchema1 } from './images/test-schema1.ts'
export type { TestSchema1Options } from './images/test-schema1.ts'
export type { TestImageFormat } from './images/media-types.ts'
export { randomBytes } from './images/random-bytes.ts'
export { putImage, writeImage } from './images/write-image.ts'

// A whole transport in memory
export { memoryTransport } from './memory/memory-transport.ts'
export type { MemoryReference, MemoryTransport } from './memory/memory-transport.ts'
export type { MemoryTransportOptions } from './memory/options.ts'
export type { BlobOpen, MemoryRepository, MemoryStore } from './memory/store.ts'

// Faults and compositions
export { faultyBody, hangingBody, leasedBody, recordedBody, slowBody } from './faults/bodies.ts'
export type { FaultyBodyOptions, HangingBody, HangingBodyOptions, LeasedBody, RecordedBody } from './faults/bodies.ts'
export { readOnly } from './wrappers/read-only.ts'
export { tracing } from './wrappers/tracing.ts'
export type { TracedCall } from './wrappers/tracing.ts'
export { wrapTransport } from './wrappers/wrap-transport.ts'
export type { TransportWrapping } from './wrappers/wrap-transport.ts'
