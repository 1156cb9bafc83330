/** As `ui/mark.svg`, drawn in place: the header does not wait for a file. */
export function Mark() {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <defs>
        <linearGradient id="mark" x1="0" y1="0" x2=".35" y2="1">
          <stop stopColor="#f08c5a" />
          <stop offset="1" stopColor="#c2410c" />
        </linearGradient>
      </defs>
      <rect width="20" height="20" rx="6" fill="url(#mark)" />
      <path
        d="M6 6.5h8l-1.2 6.2a1.6 1.6 0 0 1-1.6 1.3H8.8a1.6 1.6 0 0 1-1.6-1.3z"
        fill="#fff"
        fillOpacity=".92"
      />
    </svg>
  );
}
