import { createHash, createHmac } from 'node:crypto'

/** Keys of a user of S3, or of a server that speaks like it. */
export interface AwsCredentials {
  /** Says whose key it is, and is not secret: `AKIAIOSFODNN7EXAMPLE`. */
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Where the server is: `eu-west-1`. Most servers beyond AWS take `us-east-1`. */
  readonly region: string
}

/** What of a request is signed. */
export interface AwsRequest {
  readonly method: string
  readonly url: URL
  /** Those that are signed besides `host`, `x-amz-date` and `x-amz-content-sha256`. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The body's SHA-256 in hexadecimal, or `UNSIGNED-PAYLOAD`. */
  readonly payload: string
  /** Milliseconds since the epoch. A server takes what is less than 15 minutes old. */
  readonly now: number
}

export interface AwsSignature {
  /** Of 64 hexadecimal digits. */
  readonly signature: string
  /** All headers that are sent for it, `authorization` among them. */
  readonly headers: Readonly<Record<string, string>>
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const SERVICE = 's3'

/** Signs a request to the service `s3` (AWS Signature Version 4, "Authenticating Requests: Using the Authorization Header"). */
export function awsSignature(request: AwsRequest, credentials: AwsCredentials): AwsSignature {
  const time = new Date(request.now).toISOString().replace(/[:-]|\.\d+/g, '')
  const own = { 'x-amz-content-sha256': request.payload, 'x-amz-date': time }
  const signed = inOrder(Object.entries({ ...request.headers, ...own, host: request.url.host }))
  const names = signed.map(([name]) => name).join(';')
  const scope = [time.slice(0, 8), credentials.region, SERVICE, 'aws4_request']
  const text = [ALGORITHM, time, scope.join('/'), sha256(canonicalRequest(request, signed))].join('\n')
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, text).toString('hex')
  const credential = [credentials.accessKeyId, ...scope].join('/')
  const authorization = `${ALGORITHM} Credential=${credential},SignedHeaders=${names},Signature=${signature}`
  return { signature, headers: { ...own, authorization } }
}

type Pair = readonly [name: string, value: string]

function canonicalRequest({ method, url, payload }: AwsRequest, headers: readonly Pair[]): string {
  const names = headers.map(([name]) => name).join(';')
  const lines = headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`)
  return [method, canonicalPath(url), canonicalQuery(url), ...lines, '', names, payload].join('\n')
}

/** Unlike other services S3 takes a path as it is: it is encoded once, and its dots and double slashes stay. */
function canonicalPath({ pathname }: URL): string {
  return pathname
    .split(/\/|%2f/i)
    .map(encoded)
    .join('/')
}

function canonicalQuery({ search }: URL): string {
  const parameters = search.slice(1).split('&').filter(Boolean)
  const pairs = parameters.map((parameter): Pair => {
    const [name = '', ...value] = parameter.replaceAll('+', ' ').split('=')
    return [encoded(name), encoded(value.join('='))]
  })
  return inOrder(pairs)
    .map((pair) => pair.join('='))
    .join('&')
}

/** Text of a URL with everything percent-encoded but unreserved characters (RFC 3986, 2.3), however it was encoded before. */
function encoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})|[^\w.~-]/gi, (character, digits?: string) => {
    const code = digits === undefined ? character.charCodeAt(0) : Number.parseInt(digits, 16)
    const plain = String.fromCharCode(code)
    return /[\w.~-]/.test(plain) ? plain : `%${code.toString(16).toUpperCase().padStart(2, '0')}`
  })
}

/** By name, then by value, both by their bytes. */
function inOrder(pairs: readonly Pair[]): readonly Pair[] {
  return pairs.toSorted(([name, value], [other, otherValue]) =>
    name === other ? compare(value, otherValue) : compare(name, other),
  )
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
