import { abortCases } from './cases/abort-cases.ts'
import { destinationContentCases } from './cases/destination-content-cases.ts'
import { destinationNameCases } from './cases/destination-name-cases.ts'
import { destinationResumeCases } from './cases/destination-resume-cases.ts'
import { destinationReuseCases } from './cases/destination-reuse-cases.ts'
import { destinationVerifyCases } from './cases/destination-verify-cases.ts'
import { destinationWriteCases } from './cases/destination-write-cases.ts'
import { errorCases } from './cases/error-cases.ts'
import { listingCases } from './cases/listing-cases.ts'
import { referenceCases } from './cases/reference-cases.ts'
import { signatureCases } from './cases/signature-cases.ts'
import { sourceBlobCases } from './cases/source-blob-cases.ts'
import { sourceManifestCases } from './cases/source-manifest-cases.ts'
import { transportLevelCases } from './cases/transport-level-cases.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** Every case. Each is named by at least one MUST of `docs/contract.md`, and each MUST names one. */
export const transportCases: readonly ConformanceCase[] = Object.freeze([
  ...transportLevelCases,
  ...referenceCases,
  ...sourceManifestCases,
  ...sourceBlobCases,
  ...destinationWriteCases,
  ...destinationVerifyCases,
  ...destinationNameCases,
  ...destinationReuseCases,
  ...destinationResumeCases,
  ...destinationContentCases,
  ...signatureCases,
  ...listingCases,
  ...abortCases,
  ...errorCases,
])
