import { quoteForeign } from '@crossdock/core'
import { checkNoBlanks } from './check-text.ts'
import { invalidText } from './refusal.ts'

/** What a distribution URI of rkt stands for. */
export type Cimd =
  /** In the form that the transport `appc` reads. */
  | { readonly type: 'appc'; readonly uri: string }
  | { readonly type: 'aci-archive'; readonly url: string }
  /** As it is typed behind `docker://`; not checked. */
  | { readonly type: 'docker'; readonly reference: string }

const FORM = /^cimd:([^:]*):(?:v=)?([^:]*):(.*)$/is
const MAX_VERSION = 0xff_ff_ff_ff

/** Reads `cimd:TYPE:v=N:DATA` (rkt, "Container Image Distribution URI"); any version is read as version 0. Throws `INVALID_REFERENCE`. */
export function parseCimd(text: string): Cimd {
  checkNoBlanks(text)
  const [, type = '', version = '', data = ''] = FORM.exec(text) ?? []
  if (type === '' || data === '') throw invalidText(text, 'write cimd:TYPE:v=0:DATA')
  if (!/^[0-9]{1,10}$/.test(version) || Number(version) > MAX_VERSION) {
    throw invalidText(text, 'behind the type stands v=0')
  }
  switch (type) {
    case 'appc':
      return { type, uri: `cimd${text.slice('cimd'.length)}` }
    case 'aci-archive':
      return { type, url: archiveUrl(text, data) }
    case 'docker':
      return { type, reference: data.replace(/\?.*/s, '') }
    default:
      throw invalidText(text, `"${quoteForeign(type, 60)}" is none of the types appc, aci-archive and docker`)
  }
}

/** As in a query, `+` is a blank. */
function archiveUrl(text: string, data: string): string {
  if (/[?#]/.test(data)) throw invalidText(text, 'the URL has to be percent-encoded, "?" as %3F and "#" as %23')
  let url: string
  try {
    url = decodeURIComponent(data.replaceAll('+', ' '))
  } catch (cause) {
    throw invalidText(text, 'the URL is not percent-encoded', cause)
  }
  if (/^(?:https?|file):/i.test(url)) return url
  throw invalidText(text, 'the URL of an archive is an https:, http: or file: URL')
}
