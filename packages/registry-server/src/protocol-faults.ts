import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Exchange } from './exchange.ts'
import type { ProtocolFault } from './fault-action.ts'
import { withHeaders, type Faults } from './fault-call.ts'
import { jsonReply, Refusal } from './refusal.ts'
import type { Route } from './route.ts'

export const PROTOCOL_FAULTS: Faults<ProtocolFault> = {
  ignoreRange: async (_action, { exchange, next }) => {
    return await next({ ...exchange, headers: withoutRange(exchange.headers) })
  },
  refuseRange: async (_action, { exchange, next }) => {
    if (exchange.headers.range === undefined) return await next(exchange)
    throw new Refusal(416, { code: 'UNSUPPORTED', message: 'ranges are not supported' })
  },
  shiftContentRange: async ({ byBytes }, { exchange, next }) => {
    const reply = await next(exchange)
    const range = reply.headers['content-range']
    if (typeof range !== 'string') return reply
    const shifted = range.replace(/(\d+)-(\d+)/, (_text, first: string, last: string) => {
      return `${Number(first) + byBytes}-${Number(last) + byBytes}`
    })
    return withHeaders(reply, { 'content-range': shifted })
  },
  changeEtag: async (_action, { exchange, next }) => {
    const isStale = exchange.headers['if-range'] !== undefined // whatever it names is no longer current
    const asked = isStale ? { ...exchange, headers: withoutRange(exchange.headers) } : exchange
    return withHeaders(await next(asked), { etag: `"${randomUUID()}"` })
  },
  forgetUpload: async (_action, { exchange, next, registry }) => {
    const session = exchange.route.kind === 'upload' ? exchange.route.session : ''
    const upload = await registry.storage.findUpload(session)
    await upload?.cancel()
    return await next(exchange)
  },
  staleRange: async ({ byBytes }, { exchange, next }) => {
    const reply = await next(exchange)
    const { range } = reply.headers
    const last = typeof range === 'string' ? Number(range.slice(range.indexOf('-') + 1)) : 0
    return withHeaders(reply, { range: `0-${Math.max(last - byBytes, 0)}` })
  },
  staleLocation: async (_action, { exchange, next, registry }) => {
    const reply = await next(exchange)
    const session = exchange.route.kind === 'upload' ? exchange.route.session : ''
    const upload = await registry.storage.findUpload(session)
    await upload?.advance()
    return reply
  },
  tooLarge: async ({ aboveBytes, status = 413 }, { exchange, next }) => {
    if ((exchange.bodySize ?? Infinity) <= aboveBytes) return await next(exchange)
    throw new Refusal(status, {
      code: 'SIZE_INVALID',
      message: `a body may have ${aboveBytes} bytes`,
      headers: { connection: 'close' },
    })
  },
  refuseMount: async (_action, { exchange, next }) => {
    const { route } = exchange
    if (route.kind !== 'mount') return await next(exchange)
    const query = new URLSearchParams()
    return await next({ ...exchange, query, route: { kind: 'upload', repository: route.repository, session: '' } })
  },
  nullTags: async (_action, { exchange }) => {
    const { route } = exchange
    return jsonReply(200, { name: 'repository' in route ? route.repository : '', tags: null })
  },
  repeatPage: async (_action, { exchange, next }) => {
    const again = `${exchange.path}?${exchange.query.toString()}`
    return withHeaders(await next(exchange), { link: `<${again}>; rel="next"` })
  },
  linkTo: async ({ url }, { exchange, next }) => withHeaders(await next(exchange), { link: `<${url}>; rel="next"` }),
  subjectAsReferrers: async (_action, { exchange, next }) => await next({ ...exchange, route: subjectRoute(exchange) }),
}

function withoutRange(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'range'))
}

function subjectRoute({ route }: Exchange): Route {
  if (route.kind === 'referrers') return { kind: 'manifest', repository: route.repository, reference: route.digest }
  if (route.kind !== 'manifest') return route
  return { ...route, reference: route.reference.replace(/^(sha256|sha512)-(?=[0-9a-f]{64})/, '$1:') }
}
