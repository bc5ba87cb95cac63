import type { SigstoreSignature } from '@crossdock/core'
import {
  type CertificateForm,
  CODE_SIGNING,
  type Extension,
  issue,
  type Issued,
  ISSUER,
  issuerV1,
  issuerV2,
  namesExtension,
  type Names,
  usageExtension,
} from './authority.ts'
import { annotated, cosignSignature, logged, SIGNED_AT } from './signed-image.ts'
import type { KeyObject } from 'node:crypto'

export const EMAIL = 'signer@example.com'
export const WORKFLOW = 'https://github.com/example/app/.github/workflows/release.yml@refs/heads/main'

const TEN_MINUTES = 10 * 60_000

/** What is different from a certificate as Fulcio issues it. */
export interface FulcioForm extends Omit<CertificateForm, 'extensions'> {
  readonly names?: Names
  readonly usages?: readonly string[]
  readonly issuers?: readonly Extension[]
  readonly more?: readonly Extension[]
}

/** Valid for ten minutes around the time at which logs record here. */
export function fulcioCertificate(issuer: Issued, form: FulcioForm = {}): Issued {
  const { names = { emails: [EMAIL] }, usages = [CODE_SIGNING], more = [], ...rest } = form
  const { issuers = [issuerV1(ISSUER), issuerV2(ISSUER)] } = form
  return issue({
    issuer,
    name: 'sigstore-intermediate user',
    from: new Date(SIGNED_AT.getTime() - TEN_MINUTES / 2),
    to: new Date(SIGNED_AT.getTime() + TEN_MINUTES / 2),
    ...rest,
    extensions: [
      ...(usages.length === 0 ? [] : [usageExtension(...usages)]),
      namesExtension(names, true),
      ...issuers,
      ...more,
    ],
  })
}

/** A signature by the holder of a certificate, with its chain: what stands between it and the root, and the root. */
export function certified(leaf: Issued, chain: readonly Issued[] = []): SigstoreSignature {
  const signature = annotated(cosignSignature(leaf.key), { 'dev.sigstore.cosign/certificate': leaf.pem })
  if (chain.length === 0) return signature
  return annotated(signature, { 'dev.sigstore.cosign/chain': chain.map(({ pem }) => pem).join('') })
}

export function certifiedAndLogged(
  leaf: Issued,
  log: KeyObject,
  { chain = [], at }: { readonly chain?: readonly Issued[]; readonly at?: Date } = {},
): SigstoreSignature {
  return logged(certified(leaf, chain), { signer: leaf.pem, log, ...(at && { at }) })
}
