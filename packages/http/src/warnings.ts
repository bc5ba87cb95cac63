import { report } from '@crossdock/core'
import type { HttpLayer } from './http.ts'
import { redactText } from './redact.ts'

const MAX_WARNINGS = 1000
/** `299 - "text"` (distribution-spec, "Warnings"); any agent, as RFC 7234 allowed. */
const WARNING = /^299 [^ ]{1,255} "((?:[^"\\]|\\.){0,4096})"/

/** Passes `Warning` headers on as notes, each text once. They never change what is done. */
export function warningsLayer(): HttpLayer {
  const seen = new Set<string>()
  return (next) => async (request) => {
    const response = await next(request)
    for (const header of response.headers.all('warning')) {
      const text = WARNING.exec(header)?.[1]?.replace(/\\(.)/g, '$1')
      if (text === undefined || text === '') continue
      const message = `${response.url.host} says: ${redactText(text, response)}`
      if (seen.has(message) || seen.size >= MAX_WARNINGS) continue
      seen.add(message)
      report(request, { type: 'note', level: 'warning', message })
    }
    return response
  }
}
