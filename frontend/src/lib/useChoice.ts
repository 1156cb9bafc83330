import { useLocation, useNavigate, useSearchParams } from "react-router";

/** One of a few, kept in the address unless it is the first. Choosing is no step of history. */
export function useChoice<T extends string>(
  name: string,
  choices: readonly [T, ...T[]],
): [T, (value: T) => void] {
  const [params] = useSearchParams();
  const { state } = useLocation();
  const navigate = useNavigate();
  const chosen = choices.find((one) => one === params.get(name)) ?? choices[0];

  function choose(value: T) {
    const next = new URLSearchParams(params);
    if (value === choices[0]) next.delete(name);
    else next.set(name, value);
    navigate({ search: next.toString() }, { replace: true, state });
  }

  return [chosen, choose];
}
