/**
 * The region that the host of an S3 bucket is in, by its name: of `BUCKET.s3-REGION.amazonaws.com` and
 * `BUCKET.s3.REGION.amazonaws.com`. Every other host counts as `us-east-1`.
 */
export function awsRegion(host: string): string {
  const labels = host.replace(/:[0-9]*$/, '').split('.')
  const end = labels.lastIndexOf('amazonaws')
  const before = labels[end - 1]
  if (end < 1 || before === undefined || before === 's3' || before === 's3-external-1') return 'us-east-1'
  if (before.startsWith('s3-')) return before.slice('s3-'.length)
  return labels[end - 2] === 's3' ? before : 'us-east-1'
}
