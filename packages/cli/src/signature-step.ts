import { type ImageError, quoteForeign } from '@crossdock/core'
import { textFlag } from './flags.ts'
import type { RunningCommand } from './next-step.ts'

/** Commands that judge what they read by the policy. */
const JUDGING: ReadonlySet<string> = new Set(['copy', 'plan', 'pull', 'push'])

/** What to do after a failure that is about policies, signatures or keys; undefined if it is not, or if the message says all. */
export function signatureStep(error: ImageError, command: RunningCommand): string | undefined {
  if (error.code === 'REJECTED_BY_POLICY') return explanation(error, command) ?? unsigned(error)
  if (/no passphrase is given|give it in a file/.test(error.message)) return passphraseFlag(command)
  return signaturePlace(error)
}

function passphraseFlag({ name }: RunningCommand): string {
  return `the flag for that is ${name === 'standalone-sign' ? '--passphrase-file' : '--sign-passphrase-file'} FILE`
}

/** What shows or changes why an image was refused; undefined if no image was judged, or all is said. */
function explanation({ image, message }: ImageError, { name, flags }: RunningCommand): string | undefined {
  if (
    name === 'verify' &&
    message.includes('vouches for') &&
    flags['key'] !== undefined &&
    flags['identity'] === undefined
  ) {
    return '--identity NAME[:TAG] says which name has to be vouched for, --identity any that none has to be'
  }
  if (image === undefined || !JUDGING.has(name)) return undefined
  const policy = textFlag(flags, 'policy')
  const file = policy === undefined ? '' : ` --policy ${quoteForeign(policy, 200)}`
  return `"crossdock policy explain${file} ${quoteForeign(image, 200)}" shows what was looked at`
}

const ATTACHMENTS = 'use-sigstore-attachments: true'

/** An image that somebody signed may have no signature where this machine looks. */
function unsigned({ image = '', message }: ImageError): string | undefined {
  if (!image.startsWith('docker://') || !/ signature is needed, and the image has none/.test(message)) return undefined
  const where = `"crossdock config explain ${quoteForeign(image, 200)}" shows where signatures are looked for`
  if (!message.includes('a sigstore signature is needed')) return where
  return `${where}: beside the image only where registries.d says ${ATTACHMENTS}`
}

/** A registry has a place for sigstore signatures if the machine says so. */
function signaturePlace({ image = '', message, side }: ImageError): string | undefined {
  const isMissing = /^the image is (?:to have a sigstore signature|signed \(sigstore\)), and /.test(message)
  if (side !== 'destination' || !image.startsWith('docker://') || !isMissing) return undefined
  const drop = message.includes('drop signatures') ? ', --remove-signatures leaves them behind' : ''
  return `${ATTACHMENTS} in registries.d keeps them beside the image${drop}`
}
