import { quoteForeign } from '@crossdock/core'

/** JSON as `JSON.stringify` makes it, without a character that a terminal would obey or not show. */
export function formatJson(value: unknown, indent?: number): string {
  return escapeHidden(JSON.stringify(value, undefined, indent))
}

/** The same JSON value, without a character that a terminal would obey or not show; white space between values stays. */
export function escapeHidden(json: string): string {
  return json.replaceAll(/[\u007F-\u009F\u2028\u2029\p{Cf}]/gu, (character) =>
    // Those beyond U+FFFF are two escapes.
    Array.from({ length: character.length }, (_, at) => {
      return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
    }).join(''),
  )
}

/** Text of an image for people: line feeds and tabs stay, and what a terminal would obey is escaped. */
export function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(shown).join('\t'))
    .join('\n')
}

function shown(text: string): string {
  return quoteForeign(text, Infinity)
}
