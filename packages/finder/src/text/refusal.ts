import { hideUserInfo, ImageError, parseDockerReference, quoteForeign } from '@crossdock/core'

/** `INVALID_REFERENCE` for a text that names no image. */
export function invalidText(text: string, rule: string, cause?: unknown): ImageError {
  return new ImageError('INVALID_REFERENCE', `"${quoteForeign(shownText(text), 200)}" names no image: ${rule}`, {
    cause,
  })
}

/** `INVALID_REFERENCE` for a text that is nothing but could have become a name: what is wrong with it as such, and what can be written. */
export function noReference(text: string): ImageError {
  try {
    parseDockerReference(shownText(text)) // throws: what is left out where something is hidden leaves no name either
  } catch (reason) {
    if (reason instanceof ImageError) {
      return new ImageError('INVALID_REFERENCE', `${reason.message}; ${FORMS}`, { cause: reason })
    }
  }
  return invalidText(text, FORMS)
}

const FORMS =
  'write a name (example.com/app:1.0), TRANSPORT:REFERENCE, a path (./app.aci, /images/app), a whole digest, ' +
  'or the beginning of an image ID (sha512-0a1b)'

/** A text as a message may show it: URLs keep secrets before an "@" and in their query. */
function shownText(text: string): string {
  return hideUserInfo(withoutQuery(text))
}

export function withoutQuery(text: string): string {
  return text.replace(/(?:\?|%3f).*/is, '?…')
}
