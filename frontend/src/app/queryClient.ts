import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client";

function mayRecover(error: Error): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The server is usually on this computer: `navigator.onLine` says nothing about it.
        networkMode: "always",
        retry: (failures, error) => failures < 2 && mayRecover(error),
        retryDelay: (failures) => 500 * 2 ** failures,
        staleTime: 1000,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
