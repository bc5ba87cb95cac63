import { ImageError, parseDockerReference } from '@crossdock/core'
import type { Flags } from './flags.ts'
import { Interruption } from './interruption.ts'
import { signatureStep } from './signature-step.ts'

/** The command that was running, by name, with its flags. */
export interface RunningCommand {
  readonly name: string
  readonly flags: Flags
}

/** What messages tell people to do, and the flag that does it. */
const FLAGS_FOR: readonly (readonly [wish: string, flag: string])[] = [
  ['to trustedHosts', '--trusted-host HOST:PORT'],
  ['(authFile)', '--authfile FILE'],
  ['the pull policy "never"', '--pull-policy new'],
  ['drop signatures', '--remove-signatures'],
  ['say the identity to sign as', '--sign-identity NAME:TAG'],
]

/** Commands that copy an image, which may go on where it stopped. */
const COPYING: ReadonlySet<string> = new Set(['copy', 'fetch', 'pull', 'push'])

/** What to do after a failure; undefined if the message says all there is to say. */
export function nextStep(error: unknown, command: RunningCommand | undefined): string | undefined {
  if (command === undefined) return undefined
  if (error instanceof Interruption && COPYING.has(command.name) && command.flags['resume'] !== false) {
    return againStep(command)
  }
  if (!(error instanceof ImageError)) return undefined
  if (error.code === 'UNAUTHENTICATED') {
    return logInStep(error, command)
  }
  if (error.message.includes('plain http is not used')) {
    return `the flag for that is ${endpointFlag(error, command.name, 'tls-verify')}=false`
  }
  const signatures = signatureStep(error, command)
  if (signatures !== undefined || error.code === 'REJECTED_BY_POLICY') return signatures
  const [, flag] = FLAGS_FOR.find(([wish]) => error.message.includes(wish)) ?? []
  if (flag !== undefined) return `the flag for that is ${flag}`
  if (error.message.includes('(DOCKER_HOST)')) {
    return `the flag for that is ${endpointFlag(error, command.name, 'daemon-host')} unix:///PATH or tcp://HOST:PORT`
  }
  const untrusted = certificateProblem(error)
  if (untrusted === undefined) return storeStep(error, command)
  const unverified = `use ${endpointFlag(error, command.name, 'tls-verify')}=false to go on without verification`
  return untrusted === 'authority'
    ? `name a folder with its certificate authority in a file ${authorityFile(error)} with ${endpointFlag(error, command.name, 'cert-dir')}, or ${unverified}`
    : `correct the certificate, or ${unverified}`
}

function againStep({ name }: RunningCommand): string {
  const step = 'run the same command again: it goes on where it stopped'
  return name === 'fetch' ? step : `${step} (an archive begins anew)`
}

function authorityFile({ image = '' }: ImageError): string {
  return image.startsWith('docker-daemon:') ? 'ca.pem' : '*.crt'
}

/**
 * Who asks who the user is. It stands right behind what was asked for: further on a server may have written what it likes, and nobody
 * is to give it a password for that.
 */
const ASKING =
  /^(?:(?!: ).)*: (?:the token service \S+ of )?([\w.:[\]-]+) (?:asks for credentials and there are none|did not accept the credentials|refused): /

/** The way to credentials; undefined where there is none. */
function logInStep(error: ImageError, { name, flags }: RunningCommand): string | undefined {
  if (error.message.startsWith('not logged into ')) return undefined
  if (name === 'login') return 'check user name and password; some registries take an access token for a password'
  if (name === 'logout') return undefined
  const flag = endpointFlag(error, name, 'creds')
  if (/^(?:https?|appc|aci):/.test(error.image ?? '') && typeof (flags['creds'] ?? flags['srcCreds']) === 'string') {
    return 'check user and password; they go to the hosts that the command names alone, and crossdock login HOST is for others'
  }
  if (/^https?:/.test(error.image ?? '')) return `the flag for that is ${flag} USER:PASSWORD`
  if (error.message.includes('docker-credential-')) return `${flag} USER:PASSWORD does without it`
  return `crossdock login ${hostOf(error)} does that, ${flag} USER:PASSWORD for this once`
}

function hostOf({ message, image = '' }: ImageError): string {
  const host = ASKING.exec(message)?.[1]
  if (host !== undefined) return host === 'registry-1.docker.io' ? 'docker.io' : host
  try {
    return image.startsWith('docker://') ? parseDockerReference(image.slice('docker://'.length)).domain : 'HOST'
  } catch {
    return 'HOST'
  }
}

/** Where nobody can be asked, the store may do. */
function storeStep({ code }: ImageError, { name, flags }: RunningCommand): string | undefined {
  const isAsking = name === 'fetch' && flags['pullPolicy'] === 'update'
  return code === 'UNAVAILABLE' && isAsking ? '--pull-policy new takes what is in the store' : undefined
}

/** The flag as it is called for the end that failed. */
function endpointFlag({ side }: ImageError, command: string, name: string): string {
  if (command !== 'copy' && command !== 'plan') return `--${name}`
  return side === 'source' ? `--src-${name}` : `--dest-${name}`
}

/** OpenSSL's and Node's names for a certificate of an authority that is not known. */
const UNKNOWN_AUTHORITY = /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|CERT_UNTRUSTED/
/** And for one that is wrong whoever signed it. */
const WRONG_CERTIFICATE = /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH/

/** What is wrong with the server's certificate, if that is why there was no connection. */
function certificateProblem({ cause }: ImageError): 'authority' | 'certificate' | undefined {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  if (UNKNOWN_AUTHORITY.test(code)) return 'authority'
  return WRONG_CERTIFICATE.test(code) ? 'certificate' : undefined
}
