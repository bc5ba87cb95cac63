import { ImageError } from '@crossdock/core'
import type { Endpoint } from './endpoint.ts'

export interface EndpointFailure {
  readonly endpoint: Endpoint
  readonly error: ImageError
}

const MAX_SHOWN_CHARACTERS = 300

/**
 * Whether another endpoint may be asked. Not if one gives other bytes than those of a digest: that is to be seen. One that refuses
 * access may do so for what it has not; after it had given something of the image, that is to be seen, too.
 */
export function mayGoOn({ code }: ImageError, { hadGiven }: { readonly hadGiven: boolean }): boolean {
  if (code === 'DIGEST_MISMATCH' || code === 'REJECTED_BY_POLICY') return false
  return !hadGiven || (code !== 'UNAUTHENTICATED' && code !== 'FORBIDDEN')
}

/** `mirror.example.com/alpine: not found, status 404` */
export function shortFailure({ endpoint: { name }, error: { message } }: EndpointFailure): string {
  const mark = `${name}: `
  const at = message.indexOf(mark)
  const text = at < 0 ? mark + message : message.slice(at)
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text
}

export interface NoAnswer {
  /** `manifest 3.20` */
  readonly what: string
  /** `docker://alpine:3.20` */
  readonly image: string
  /** The failure that decides: that of whom nobody else stands in for. Default: the last one. */
  readonly decisive?: EndpointFailure | undefined
}

/** One failure as it is; several as one that tells of each. */
export function noAnswer(failures: readonly EndpointFailure[], { what, image, decisive }: NoAnswer): ImageError {
  const { error } = decisive ?? failures.at(-1) ?? {}
  if (error === undefined) {
    return new ImageError(
      'DIGEST_MISMATCH',
      `${what} of ${image}: every place that it may be read from gave other bytes`,
      {
        side: 'source',
        image,
      },
    )
  }
  if (failures.length === 1) return error
  const { code, retryable, side } = error
  const each = failures.map((failure) => shortFailure(failure)).join('; ')
  const message = `${what} of ${image}: none of ${failures.length} places gives it: ${each}`
  return new ImageError(code, message, { side, image, retryable, cause: error })
}
