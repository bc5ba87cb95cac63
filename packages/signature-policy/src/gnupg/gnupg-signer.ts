import { ImageError, type ImageSigner, quoteForeign } from '@crossdock/core'
import { WEAK_HASHES } from '../simple/strength.ts'
import { simpleSigner, type SimpleSignerOptions } from '../simple/simple-signer.ts'
import { findSecretKey } from './find-secret-key.ts'
import { type GnupgAnswer, type GnupgProgram, runGnupg } from './run-gnupg.ts'

export interface GnupgSignerOptions extends GnupgProgram, SimpleSignerOptions {
  /** Which key: its fingerprint, or what else GnuPG knows one key alone by, such as an e-mail address. */
  readonly fingerprint: string
  /** Default: GnuPG's agent has it, or asks for it. */
  readonly passphrase?: string | undefined
}

/**
 * Signs with a key that GnuPG keeps, on a card, too: by running `gpg`. Which of the sub-keys signs is GnuPG's choice.
 *
 * `sign` throws `INVALID_DATA` if there is no such key, or several, or if GnuPG cannot sign with it, `UNSUPPORTED` if there is no GnuPG.
 */
export function gnupgSigner({ fingerprint, passphrase, creator, now, ...program }: GnupgSignerOptions): ImageSigner {
  return simpleSigner(
    async (content, { signal }) => {
      const key = await findSecretKey(program, { name: fingerprint, signal })
      // Not compressed, as every reader of signatures accepts it. "!" would keep GnuPG from choosing a sub-key.
      const args = ['--compress-algo', 'none', '--local-user', key, '--output', '-', '--sign']
      const answer = await runGnupg(program, { args, input: content, passphrase, signal })
      checkAnswer(answer, key)
      return answer.output
    },
    { creator, now },
  )
}

/** `SIG_CREATED TYPE PUBLIC-KEY-ALGORITHM HASH-ALGORITHM CLASS TIME FINGERPRINT` (GnuPG, doc/DETAILS). */
const CREATED = /^\[GNUPG:\] SIG_CREATED S [0-9]+ ([0-9]+) 00 [0-9]+ [0-9A-F]{40,64}$/

function checkAnswer(answer: GnupgAnswer, key: string): void {
  const created = answer.status.filter((line) => line.startsWith('[GNUPG:] SIG_CREATED '))
  const hash = created.length === 1 ? CREATED.exec(created[0] ?? '')?.[1] : undefined
  if (answer.exitCode !== 0 || hash === undefined) throw failure(answer, key)
  const weak = WEAK_HASHES.get(Number(hash))
  if (weak === undefined) return
  throw new ImageError(
    'INVALID_DATA',
    `GnuPG signs by ${weak}, which is too weak, with the key ${key}; set "personal-digest-preferences SHA256" in gpg.conf`,
  )
}

/** libgpg-error, GPG_ERR_BAD_PASSPHRASE and GPG_ERR_NO_PASSPHRASE: the lower half of what `FAILURE` tells. */
const BAD_PASSPHRASE = 11
const NO_PASSPHRASE = 177

function failure({ status, errors, exitCode }: GnupgAnswer, key: string): ImageError {
  const codes = status.map((line) => Number(/^\[GNUPG:\] FAILURE [\w-]+ ([0-9]+)$/.exec(line)?.[1]) & 0xffff)
  const said = (word: string): boolean => status.some((line) => line.startsWith(`[GNUPG:] ${word}`))
  if (said('BAD_PASSPHRASE') || codes.includes(BAD_PASSPHRASE)) {
    return new ImageError('INVALID_DATA', `the passphrase does not open the secret key ${key} of GnuPG`)
  }
  if (said('MISSING_PASSPHRASE') || codes.includes(NO_PASSPHRASE)) {
    return new ImageError('INVALID_DATA', `GnuPG needs the passphrase of the secret key ${key}; give it in a file`)
  }
  const reason = quoteForeign(errors.trim().replaceAll('\n', '; ') || `it ended with ${exitCode ?? 'a signal'}`, 300)
  return new ImageError('INVALID_DATA', `GnuPG cannot sign with the key ${key}: ${reason}`)
}
