import type { ImageReference, ImageTransport } from '../src/index.ts'

/** A transport whose references carry any text. */
export function fakeTransport<Name extends string>(
  name: Name,
  overrides: Partial<ImageTransport<Name>> = {},
): ImageTransport<Name> {
  const transport: ImageTransport<Name> = {
    '~transport': { contract: 1, vendor: 'test' },
    name,
    parseReference: (text): ImageReference => ({ transport, toString: () => text }),
    validatePolicyScope: () => undefined,
    ...overrides,
  }
  return transport
}
