/** Dates of HTTP headers: IMF-fixdate, RFC 9110 section 5.6.7. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_S = 86_400

/** `Thu, 01 Jan 2026 00:00:00 GMT` for seconds since 1970. */
export function httpDate(seconds: number): string {
  const whole = Math.floor(seconds)
  const days = Math.floor(whole / DAY_S)
  const [year, month, day] = civil(days)
  const two = (value: number): string => String(value).padStart(2, '0')
  const rest = whole - days * DAY_S
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(':')
  return `${DAYS[(days + 4) % 7]}, ${two(day)} ${MONTHS[month - 1]} ${year} ${time} GMT`
}

/** Year, month and day of a count of days since 1970 (Fliegel and Van Flandern, from the Julian day). */
function civil(days: number): [number, number, number] {
  let l = days + 2440588 + 68569
  const n = Math.floor((4 * l) / 146097)
  l -= Math.floor((146097 * n + 3) / 4)
  const i = Math.floor((4000 * (l + 1)) / 1461001)
  l -= Math.floor((1461 * i) / 4) - 31
  const j = Math.floor((80 * l) / 2447)
  const day = l - Math.floor((2447 * j) / 80)
  l = Math.floor(j / 11)
  return [100 * (n - 49) + i + l, j + 2 - 12 * l, day]
}
