import { ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { acceptingPolicy, admitBy, judgementOf, type Policy } from '../../src/index.ts'
import { readPolicy } from '../policy/policies.ts'
import { dockerImage } from '../policy/test-transports.ts'
import { image } from './subjects.ts'

const NAME = 'example.com/app:1'

const refusal = async (policy: Policy, requireSigned: boolean): Promise<unknown> =>
  admitBy(policy, { requireSigned })(image(dockerImage(NAME)), {}).catch((reason: unknown) => reason)

describe('admitBy', () => {
  it('lets through what is accepted', async () => {
    await expect(admitBy(acceptingPolicy)(image(dockerImage(NAME)), {})).resolves.toBeUndefined()
  })

  it('throws what was wrong, where, and the whole judgement with it', async () => {
    const policy = readPolicy({
      default: [{ type: 'reject' }],
      transports: { docker: { 'example.com': [{ type: 'insecureAcceptAnything' }, { type: 'reject' }] } },
    })
    const error: unknown = await admitBy(policy)(image(dockerImage(NAME)), {}).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ImageError)
    expect(error).toMatchObject({
      code: 'REJECTED_BY_POLICY',
      side: 'source',
      image: `docker://${NAME}`,
      message: `docker://${NAME} is refused by the policy /etc/policy.json, docker "example.com", requirement 2 (reject): the policy rejects every image of this scope`,
    })
    expect(judgementOf(error)).toMatchObject({
      outcome: 'rejected',
      requirements: [{ outcome: 'accepted' }, { outcome: 'rejected' }],
    })
  })

  it('says so of the default, and of no file at all', async () => {
    expect(await refusal(readPolicy({ default: [{ type: 'reject' }] }), false)).toMatchObject({
      message: expect.stringContaining('/etc/policy.json, default, requirement 1 (reject): ') as string,
    })
    expect(await refusal(acceptingPolicy, true)).toMatchObject({
      message: expect.stringContaining('is refused by the built-in default: a signature is required') as string,
    })
  })

  it('reads each file of the policy once, and again after a failure', async () => {
    const policy = readPolicy({ default: [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/a' }] })
    const paths: string[] = []
    const readFile = async (path: string): Promise<Uint8Array> => {
      paths.push(path)
      if (paths.length === 1) throw new Error('busy')
      return Buffer.from('no key')
    }
    const admit = admitBy(policy, { readFile })
    for (let call = 0; call < 3; call += 1)
      await expect(admit(image(dockerImage(NAME)), {})).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
    expect(paths).toEqual(['/a', '/a'])
  })
})

describe('judgementOf', () => {
  it('finds the judgement behind an error that tells more', async () => {
    const error = await refusal(readPolicy({ default: [{ type: 'reject' }] }), false)
    const judgement = judgementOf(error)
    expect(judgement).toBeDefined()
    expect(judgementOf(ImageError.from(error, 'IO', { image: 'x' }))).toBe(judgement)
    expect(judgementOf(new ImageError('REJECTED_BY_POLICY', 'index and instance', { cause: error }))).toBe(judgement)
  })

  it('finds none behind any other', () => {
    const loop = new ImageError('REJECTED_BY_POLICY', 'no')
    Object.assign(loop, { cause: loop })
    for (const error of [undefined, new Error('x'), new ImageError('IO', 'x'), loop])
      expect(judgementOf(error)).toBeUndefined()
  })
})
