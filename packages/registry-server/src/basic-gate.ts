import { isAllowed, neededAccess } from './access.ts'
import { logIn, type BasicAuth, type Gate } from './auth.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './refusal.ts'

const CHALLENGE = 'Basic realm="crossdock"'

export function createBasicGate(auth: BasicAuth): Gate {
  const admit = (exchange: Exchange): Exchange => {
    const login = logIn(auth, exchange)
    if (login === 'wrong') throw unauthorized('the name or the password is wrong')
    const isNobody = login === 'none'
    if (isNobody && auth.anonymous === undefined) throw unauthorized('authentication required')
    const access = isNobody ? (auth.anonymous ?? []) : login.access
    const needed = neededAccess(exchange)
    if (needed !== undefined && !needed.actions.every((action) => isAllowed(access, needed.repository, action))) {
      if (isNobody) throw unauthorized('authentication required')
      throw new Refusal(403, { code: 'DENIED', message: `this user may not ${needed.actions.join(' and ')} here` })
    }
    return { ...exchange, mayRead: (repository) => isAllowed(access, repository, 'pull') }
  }

  return { admit, challenge: () => CHALLENGE, expireTokens: () => {} }
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, { code: 'UNAUTHORIZED', message, headers: { 'www-authenticate': CHALLENGE } })
}
