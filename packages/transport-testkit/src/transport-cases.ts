import { referenceCases } from './cases/reference-cases.ts'
import { sourceBlobCases } from './cases/source-blob-cases.ts'
import { sourceManifestCases } from './cases/source-manifest-cases.ts'
import { transportLevelCases } from './cases/transport-level-cases.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** Every case. The rules are those of `docs/contract.md`, one or more to a case. */
export const transportCases: readonly ConformanceCase[] = Object.freeze([
  ...transportLevelCases,
  ...referenceCases,
  ...sourceManifestCases,
  ...sourceBlobCases,
])
