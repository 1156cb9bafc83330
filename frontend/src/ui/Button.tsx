import type { ButtonHTMLAttributes } from "react";
import { Link, type LinkProps } from "react-router";
import css from "./Button.module.css";

type Kind = "plain" | "primary" | "quiet";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
}

export function Button({ kind = "plain", className = "", type = "button", ...rest }: ButtonProps) {
  return <button {...rest} type={type} className={`${css.button} ${css[kind]} ${className}`} />;
}

interface ButtonLinkProps extends LinkProps {
  kind?: Kind;
}

export function ButtonLink({ kind = "plain", className = "", ...rest }: ButtonLinkProps) {
  return <Link {...rest} className={`${css.button} ${css[kind]} ${className}`} />;
}
