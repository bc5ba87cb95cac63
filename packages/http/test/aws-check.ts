import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { AwsCredentials } from '../src/index.ts'

type Received = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

const MINUTES_15 = 15 * 60_000
const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^,/]+)\/(\d{8})\/([^,/]+)\/s3\/aws4_request,SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/

/** What S3 would have against the signature of a request as it came, none but its parts being known; undefined if it is right. */
export function awsProblem(request: Received, user: AwsCredentials, now: number = Date.now()): string | undefined {
  const { headers } = request
  const found = FORM.exec(headers.authorization ?? '')
  if (found === null) return 'no signature'
  const [id, day, region, names, signature] = found.slice(1) as [string, string, string, string, string]
  if (id !== user.accessKeyId) return 'another user'
  if (region !== user.region) return `the region '${region}' is wrong; expecting '${user.region}'`
  const date = String(headers['x-amz-date'])
  if (!date.startsWith(day)) return 'two days'
  if (!(Math.abs(now - timeOf(date)) <= MINUTES_15)) return 'RequestTimeTooSkewed'
  const due = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'))
  if (!due.every((name) => names.split(';').includes(name))) return 'a header is not signed'
  const key = derive(derive(derive(derive(`AWS4${user.secretAccessKey}`, day), region), 's3'), 'aws4_request')
  const hash = createHash('sha256').update(canonical(request, names)).digest('hex')
  const expected = derive(key, `AWS4-HMAC-SHA256\n${date}\n${day}/${region}/s3/aws4_request\n${hash}`)
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? undefined : 'SignatureDoesNotMatch'
}

function timeOf(date: string): number {
  return Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

function derive(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Of names and keys as they mean, not as they were written. */
function canonical({ method = '', url = '', headers }: Received, names: string): string {
  const { pathname, searchParams } = new URL(`https://host${url}`)
  const path = decodeURIComponent(pathname).split('/').map(strict).join('/')
  const byName = Map.groupBy(searchParams, ([name]) => strict(name))
  const query = [...byName.keys()].toSorted().flatMap((name) => {
    const values = byName.get(name)?.map(([, value]) => strict(value)) ?? []
    return values.toSorted().map((value) => `${name}=${value}`)
  })
  const lines = names.split(';').map((name) => `${name}:${String(headers[name])}\n`)
  const payload = String(headers['x-amz-content-sha256'])
  return `${method}\n${path}\n${query.join('&')}\n${lines.join('')}\n${names}\n${payload}`
}

function strict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
