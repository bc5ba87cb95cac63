import type { AnswerFault } from './fault-action.ts'
import { withHeaders, type Faults } from './fault-call.ts'
import { bytesReply, jsonReply, Refusal } from './refusal.ts'

export const ANSWER_FAULTS: Faults<AnswerFault> = {
  respond: async ({ status, headers = {}, body = '', afterHandling = false }, { exchange, next }) => {
    if (afterHandling) await next(exchange)
    return bytesReply(status, typeof body === 'string' ? Buffer.from(body) : body, headers)
  },
  amend: async ({ status, headers = {} }, { exchange, next }) => {
    const reply = withHeaders(await next(exchange), headers)
    return status === undefined ? reply : { ...reply, status }
  },
  members: async ({ members }, { exchange, next }) => {
    const { status, body } = await next(exchange)
    const document: unknown = JSON.parse(body === undefined ? '{}' : await textOf(body.open()))
    return jsonReply(status, typeof document === 'object' ? { ...document, ...members } : members)
  },
  redirect: async ({ to, status = 307 }, { exchange }) => {
    const query = exchange.query.size === 0 ? '' : `?${exchange.query.toString()}`
    const location = to.replace('{path}', () => exchange.path + query)
    return { status, headers: { location, 'content-length': '0' } }
  },
  rateLimit: async ({ budget, retryAfter, refusals = Infinity }, { exchange, next, earlier }) => {
    if (earlier < budget || earlier >= budget + refusals) return await next(exchange)
    throw new Refusal(429, {
      code: 'TOOMANYREQUESTS',
      message: 'too many requests',
      ...(retryAfter !== undefined && { headers: { 'retry-after': retryAfter } }),
    })
  },
  unauthorized: async ({ challenge }, { exchange, registry }) => {
    const own = registry.auth?.challenge(exchange) ?? null
    const header = challenge === undefined ? own : challenge
    throw new Refusal(401, {
      code: 'UNAUTHORIZED',
      message: 'authentication required',
      ...(header !== null && { headers: { 'www-authenticate': header } }),
    })
  },
  expireTokens: async (_action, { exchange, next, registry }) => {
    registry.auth?.expireTokens()
    return await next(exchange)
  },
  wrongDigest: async (_action, { exchange, next }) =>
    withHeaders(await next(exchange), { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }),
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}
