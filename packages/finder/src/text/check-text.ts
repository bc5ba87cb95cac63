import { MAX_NAME_CHARACTERS } from '@crossdock/core'
import { invalidText } from './refusal.ts'

/** What no text may have, whatever it stands for. Throws `INVALID_REFERENCE`. */
export function checkText(text: string): void {
  if (text === '') throw invalidText(text, 'it is empty')
  if (text.length > MAX_NAME_CHARACTERS) throw invalidText(text, `it is longer than ${MAX_NAME_CHARACTERS} characters`)
  if (!text.isWellFormed()) throw invalidText(text, 'it has half a character (a lone surrogate)')
  if (/\p{Cc}/u.test(text)) throw invalidText(text, 'it has a control character')
  if (text.trim() !== text) throw invalidText(text, 'it begins or ends with white space')
}

/** Paths and what transports read may have blanks; names and URLs may not. Throws `INVALID_REFERENCE`. */
export function checkNoBlanks(text: string): void {
  if (/\s/.test(text)) throw invalidText(text, 'it has white space; begin a path with "./" or "/"')
}
