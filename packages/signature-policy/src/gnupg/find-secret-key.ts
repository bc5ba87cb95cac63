import { ImageError, quoteForeign } from '@crossdock/core'
import { parseFingerprint } from '../simple/fingerprint.ts'
import { type GnupgAnswer, type GnupgProgram, runGnupg } from './run-gnupg.ts'

/**
 * The fingerprint of the one secret key that GnuPG knows by a name: a fingerprint as it is, or a key ID, or a part of a user ID. GnuPG would
 * take the first of several.
 */
export async function findSecretKey(
  program: GnupgProgram,
  { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const exact = parseFingerprint(name)
  if (exact !== undefined) return exact
  const args = ['--with-colons', '--list-secret-keys', '--', name]
  const found = secretKeys(await runGnupg(program, { args, signal }))
  const [key] = found
  if (key !== undefined && found.length === 1) return key
  const what = quoteForeign(name, 100)
  throw new ImageError(
    'INVALID_DATA',
    key === undefined
      ? `GnuPG has no secret key "${what}"; "gpg --list-secret-keys" shows those that it has`
      : `GnuPG has several secret keys "${what}"; give the fingerprint of one: ${found.slice(0, 10).join(', ')}`,
  )
}

/** Each `sec` record is followed by the `fpr` of the primary key, then by its sub-keys (GnuPG, doc/DETAILS). */
function secretKeys({ output }: GnupgAnswer): readonly string[] {
  const records = output
    .toString('utf8')
    .split('\n')
    .map((line) => line.split(':'))
  return records.flatMap(([kind], at) => {
    if (kind !== 'sec') return []
    const fingerprint = records.slice(at).find(([type]) => type === 'fpr')?.[9]
    return fingerprint === undefined ? [] : [fingerprint]
  })
}
