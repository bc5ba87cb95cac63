import { createTransportRegistry, hideUserInfo, ImageError, type ImageReference } from '@crossdock/core'
import { type Call, withImage } from '../endpoints.ts'
import { UsageError } from '../failure.ts'

export interface TwoNames {
  readonly before: string
  readonly after: string
}

/** Gives the images behind two names to `work`. Of one transport they share connections. */
export async function withTwoImages(
  outer: Call,
  { before, after }: TwoNames,
  work: (before: ImageReference, after: ImageReference) => Promise<void>,
): Promise<void> {
  const call = readingOnce(outer)
  await withImage(call, before, async (one) => {
    const { transport } = one
    const both = async (other: ImageReference): Promise<void> => {
      checkCredentials(call, one, other)
      await work(one, other)
    }
    await ofName(after, async () => {
      if (after.startsWith(`${transport.name}:`)) await both(createTransportRegistry([transport]).parse(after))
      else await withImage(call, after, both)
    })
  })
}

/** A password on stdin is there once. */
function readingOnce(call: Call): Call {
  const { invocation } = call
  let line: Promise<string> | undefined
  return { ...call, invocation: { ...invocation, readLine: (signal) => (line ??= invocation.readLine(signal)) } }
}

/** What fails and does not say of which image fails of this one. */
async function ofName(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (reason) {
    throw reason instanceof ImageError ? ImageError.from(reason, reason.code, { image: hideUserInfo(name) }) : reason
  }
}

const CREDENTIALS = ['creds', 'username', 'password', 'passwordStdin', 'registryToken']

/** What is given for one registry never goes to another. */
function checkCredentials({ flags }: Call, one: ImageReference, other: ImageReference): void {
  const [host, otherHost] = [one.dockerReference?.domain, other.dockerReference?.domain]
  if (host === undefined || otherHost === undefined || host === otherHost) return
  if (CREDENTIALS.every((name) => flags[name] === undefined || flags[name] === false)) return
  throw new UsageError(
    'credentials are for one registry, and the images are in two: copy one of them into a folder first',
  )
}
