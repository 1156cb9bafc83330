from crucible.cli import main

main(prog_name="crucible")
