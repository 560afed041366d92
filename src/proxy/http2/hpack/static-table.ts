// RFC 7541, appendix A. Index 0 is not used.

const text = `
:authority
:method=GET
:method=POST
:path=/
:path=/index.html
:scheme=http
:scheme=https
:status=200
:status=204
:status=206
:status=304
:status=400
:status=404
:status=500
accept-charset
accept-encoding=gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

export const staticNames: string[] = [];
export const staticValues: string[] = [];
for (const line of text.split('\n')) {
  const equals = line.indexOf('=');
  staticNames.push(equals < 0 ? line : line.slice(0, equals));
  staticValues.push(equals < 0 ? '' : line.slice(equals + 1));
}

/** Entries of the static table; the dynamic table begins after it. */
export const staticSize = staticNames.length - 1;
