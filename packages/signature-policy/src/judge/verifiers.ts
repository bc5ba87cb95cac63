import type { verifyArchiveSignature } from '../appc/verify-archive.ts'
import type { verifySigstoreSignature } from '../sigstore/verify-sigstore.ts'
import type { parseSimplePayload } from '../simple/payload.ts'
import type { verifySimpleSignature } from '../simple/verify-simple.ts'

/** The cryptography, which is loaded when there is something to verify. */
export interface Verifiers {
  simple(): Promise<{
    readonly verifySimpleSignature: typeof verifySimpleSignature
    readonly parseSimplePayload: typeof parseSimplePayload
  }>
  sigstore(): Promise<{ readonly verifySigstoreSignature: typeof verifySigstoreSignature }>
  appc(): Promise<{ readonly verifyArchiveSignature: typeof verifyArchiveSignature }>
}

export const realVerifiers: Verifiers = {
  simple: async () => ({
    ...(await import('../simple/verify-simple.ts')),
    ...(await import('../simple/payload.ts')),
  }),
  sigstore: () => import('../sigstore/verify-sigstore.ts'),
  appc: () => import('../appc/verify-archive.ts'),
}
