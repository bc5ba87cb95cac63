import { describe, expect, it } from 'vitest'
import type { ImageReference } from '@crossdock/core'
import type { JudgeOptions, Judgement } from '../../src/index.ts'
import { folders } from '../policy/test-transports.ts'
import { type Claim, image, judge, signature } from './subjects.ts'

const NAME = 'example.com/app'
/** As `appc:` names images, and as `aci:` does. */
const named: ImageReference = {
  transport: folders,
  policy: { identity: NAME, namespaces: ['example.com'] },
  toString: () => NAME,
}
const inFile: ImageReference = folders.parseReference('/images/app.aci')

function archive(name: string): JudgeOptions['signedArchive'] {
  return async () => ({
    name,
    open: async function* () {
      yield Buffer.from('an archive')
    },
  })
}

interface Trial {
  readonly reference?: ImageReference
  readonly name?: string
  readonly requirement?: object
  readonly claims?: readonly Claim[]
}

async function verdict({ reference = named, name = NAME, requirement = {}, claims = [{}] }: Trial): Promise<Judgement> {
  const policy = { default: [{ type: 'appcSignedBy', keyPath: '/keys/alice', ...requirement }] }
  return judge(policy, image(reference, claims.map(signature)), { signedArchive: archive(name) })
}

const exactly = (name: string): object => ({ signedIdentity: { type: 'exactName', name } })
const below = (prefix: string): object => ({ signedIdentity: { type: 'namePrefix', prefix } })

const readFolder = async (path: string): Promise<readonly string[]> => (path === '/store/root.d' ? ['README'] : [])

describe('appcSignedBy', () => {
  it.each<[string, Trial, string]>([
    ['the name that was asked for', {}, 'accepted: the signature by the key ALICE vouches for example.com/app'],
    [
      'another name',
      { name: 'example.com/other' },
      'rejected: the archive holds example.com/other, and what was asked for is example.com/app',
    ],
    [
      'a file, which has no name',
      { reference: inFile },
      'rejected: the archive holds example.com/app, and what was asked for is /images/app.aci',
    ],
    ['a file, with the name in the policy', { reference: inFile, requirement: exactly(NAME) }, 'accepted: '],
    [
      'a file, with another name in the policy',
      { reference: inFile, requirement: exactly('example.com/ap') },
      'rejected: the archive holds example.com/app, and the policy asks for example.com/ap',
    ],
    ['a name below that of the policy', { reference: inFile, requirement: below('example.com') }, 'accepted: '],
    ['a name that only begins like it', { reference: inFile, requirement: below('example.com/ap') }, 'rejected: '],
    ['a key of somebody else', { claims: [{ by: 'bob' }] }, 'rejected: bob is none of alice'],
    ['no signature', { claims: [] }, 'rejected: a detached signature is needed, and the image has none'],
    ['the second of two signatures', { claims: [{ by: 'bob' }, {}] }, 'accepted: '],
  ])('for %s', async (_, trial, text) => {
    const { outcome, reason } = await verdict(trial)
    expect(`${outcome}: ${reason}`).toContain(text)
  })

  it('is not fulfilled by an image that was read from elsewhere', async () => {
    const policy = { default: [{ type: 'appcSignedBy', keyPath: '/keys/alice' }] }
    expect(await judge(policy, image(named, [signature({})]))).toMatchObject({ outcome: 'rejected' })
  })

  it('is not fulfilled by an empty key store, and says what is wrong in it', async () => {
    const policy = { default: [{ type: 'appcSignedBy', keyStores: ['/store'] }] }
    const options = { signedArchive: archive(NAME), readFolder }
    const { outcome, reason } = await judge(policy, image(named, [signature({})]), options)
    expect(outcome).toBe('rejected')
    expect(reason).toBe(
      'no key is trusted for images named example.com/app (/store/root.d/README is not named by the fingerprint of a key)',
    )
  })
})
