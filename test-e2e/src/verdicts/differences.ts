import type { Verdict } from './skopeo.ts'

/** Where this project says something else than skopeo, on purpose, and the page that says why. */
export interface Difference {
  readonly verdict: Verdict
  readonly page: string
}

const JUDGED = '0014-verdicts-that-differ.md'
const OPENPGP = '0016-openpgp-signatures-that-are-refused.md'

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  // What can never verify anything is found when the policy is read.
  'policy: signed, keyData empty': { verdict: 'invalid', page: JUDGED },
  'policy: signed, keyPaths of null': { verdict: 'invalid', page: JUDGED },
  'simple: payload: deep': { verdict: 'rejected', page: JUDGED },
  'sigstore: payload: deep': { verdict: 'rejected', page: JUDGED },
  'sigstore: key: rsa1024': { verdict: 'rejected', page: JUDGED },
  'sigstore: fulcio: no usage': { verdict: 'rejected', page: JUDGED },
  'simple: key: weak': { verdict: 'rejected', page: OPENPGP },
  'simple: form: sha1': { verdict: 'rejected', page: OPENPGP },
  'simple: form: ripemd160': { verdict: 'rejected', page: OPENPGP },
  'simple: form: of the future': { verdict: 'rejected', page: OPENPGP },
  'simple: form: text mode': { verdict: 'rejected', page: OPENPGP },
}

/** Undefined where both say the same. */
export function differenceOf(name: string): Difference | undefined {
  return DIFFERENCES[name]
}

/** The pages that are named, for a test that they are there. */
export function pagesOfDifferences(): readonly string[] {
  return [...new Set(Object.values(DIFFERENCES).map(({ page }) => page))]
}
