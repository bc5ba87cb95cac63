import type { Gate, RegistryAuth } from './auth.ts'
import { createBasicGate } from './basic-gate.ts'
import { createTokenGate } from './token-gate.ts'

/** `tokenOrigin` yields the origin of a token service of its own, once that listens. */
export function createGate(auth: RegistryAuth, tokenOrigin: () => string | undefined): Gate {
  return auth.kind === 'basic' ? createBasicGate(auth) : createTokenGate(auth, tokenOrigin)
}
