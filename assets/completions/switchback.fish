# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_switchback_global_optspecs
    string join \n e/environment= bundle= bundle-dir= suffix= primary= standby= profile= endpoint-url= name-server= read-only config= state-dir= timeout= format= rehearse= speed= seed= h/help V/version
end

function __fish_switchback_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_switchback_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_switchback_using_subcommand
    set -l cmd (__fish_switchback_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c switchback -n "__fish_switchback_needs_command" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_needs_command" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_needs_command" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_needs_command" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_needs_command" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_needs_command" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_needs_command" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_needs_command" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_needs_command" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_needs_command" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_needs_command" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_needs_command" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_needs_command" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_needs_command" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_needs_command" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_needs_command" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_needs_command" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_needs_command" -s V -l version -d 'Print version'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "status" -d 'Look once at everything: who serves, what is wrong, may traffic be moved'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "preflight" -d 'The go/no-go board'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "deploy" -d 'Create or update the stacks of an environment'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "delete" -d 'Delete the stacks of an environment'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "repair" -d 'Get a stack out of a failed or stuck status'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "failover" -d 'Move traffic to the standby, or hold it there'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "failback" -d 'Move traffic back to the primary'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "stacks" -d 'Bundles and their templates'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "outputs" -d 'The outputs of an environment\'s stacks'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "journal" -d 'What was done, by whom and how it ended'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "report" -d 'The report of an operation, from its journal: Markdown, or JSON with --format json'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "iam" -d 'A least-privilege policy for the environment'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "scenarios" -d 'Rehearsals'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "serve" -d 'Serve the rehearsal\'s world to other tools'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "replay" -d 'The screen at the end of a recording (:record, or a panic); nothing is asked of AWS'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "info" -d 'Versions, folders and who you are to AWS'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "config" -d 'The configuration'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "completions" -d 'Shell completions on stdout'
complete -c switchback -n "__fish_switchback_needs_command" -f -a "man" -d 'The manual page on stdout'
complete -c switchback -n "__fish_switchback_using_subcommand status" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand status" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand status" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand status" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand status" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand status" -l watch -d 'Look again and again until interrupted'
complete -c switchback -n "__fish_switchback_using_subcommand status" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand status" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand preflight" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l reason -d 'Why; goes into the journal' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l parameter -d 'A parameter of the bundle (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l parameters -d 'A JSON object with parameters' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l override -d 'Go on although this guard refuses; needs --reason (repeatable)' -r -f -a "needed\t''
destination_healthy\t''
predicted\t''
nothing_running\t''
destination_fit\t''
exposure\t''
lever\t''
steady\t''
reverse\t''
records\t''
credentials\t''
parity\t''
practised\t''
not_serving\t''
production\t''
data_loss\t''
blockers\t''"
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l progress -d 'What is written to stderr meanwhile' -r -f -a "human\t''
json\t'One JSON object a line'"
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l yes -d 'Confirm without typing the environment\'s name; needed where there is no terminal'
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l dry-run -d 'Print the plan and change nothing'
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l resume -d 'Continue the operation of this kind that was cut off'
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l abandon -d 'Give up what was cut off, and begin anew'
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand deploy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l reason -d 'Why; goes into the journal' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l parameter -d 'A parameter of the bundle (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l parameters -d 'A JSON object with parameters' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l override -d 'Go on although this guard refuses; needs --reason (repeatable)' -r -f -a "needed\t''
destination_healthy\t''
predicted\t''
nothing_running\t''
destination_fit\t''
exposure\t''
lever\t''
steady\t''
reverse\t''
records\t''
credentials\t''
parity\t''
practised\t''
not_serving\t''
production\t''
data_loss\t''
blockers\t''"
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l progress -d 'What is written to stderr meanwhile' -r -f -a "human\t''
json\t'One JSON object a line'"
complete -c switchback -n "__fish_switchback_using_subcommand delete" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l yes -d 'Confirm without typing the environment\'s name; needed where there is no terminal'
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l dry-run -d 'Print the plan and change nothing'
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l resume -d 'Continue the operation of this kind that was cut off'
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l abandon -d 'Give up what was cut off, and begin anew'
complete -c switchback -n "__fish_switchback_using_subcommand delete" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l by -d 'The way out, if not the mildest; --dry-run shows what there is' -r -f -a "cancel-update\t''
continue-rollback\t''
roll-back\t''
delete\t''
force-delete\t''"
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l skip -d 'Leave this failed resource out: a rollback does not touch it, a deletion leaves it in AWS (its logical id, or a type; repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l reason -d 'Why; goes into the journal' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l parameter -d 'A parameter of the bundle (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l parameters -d 'A JSON object with parameters' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l override -d 'Go on although this guard refuses; needs --reason (repeatable)' -r -f -a "needed\t''
destination_healthy\t''
predicted\t''
nothing_running\t''
destination_fit\t''
exposure\t''
lever\t''
steady\t''
reverse\t''
records\t''
credentials\t''
parity\t''
practised\t''
not_serving\t''
production\t''
data_loss\t''
blockers\t''"
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l progress -d 'What is written to stderr meanwhile' -r -f -a "human\t''
json\t'One JSON object a line'"
complete -c switchback -n "__fish_switchback_using_subcommand repair" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l yes -d 'Confirm without typing the environment\'s name; needed where there is no terminal'
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l dry-run -d 'Print the plan and change nothing'
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l resume -d 'Continue the operation of this kind that was cut off'
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l abandon -d 'Give up what was cut off, and begin anew'
complete -c switchback -n "__fish_switchback_using_subcommand repair" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand repair" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l lever -d 'How to move it, if not by the bundle\'s first lever' -r -f -a "metric\t''
endpoint\t''
force\t''
records\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l drill -d 'Label it a drill; on production only within a window of `drill_windows`. A failback that ends a drill is one unless --drill=false says otherwise' -r -f -a "true\t''
false\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l reason -d 'Why; goes into the journal' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l parameter -d 'A parameter of the bundle (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l parameters -d 'A JSON object with parameters' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l override -d 'Go on although this guard refuses; needs --reason (repeatable)' -r -f -a "needed\t''
destination_healthy\t''
predicted\t''
nothing_running\t''
destination_fit\t''
exposure\t''
lever\t''
steady\t''
reverse\t''
records\t''
credentials\t''
parity\t''
practised\t''
not_serving\t''
production\t''
data_loss\t''
blockers\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l progress -d 'What is written to stderr meanwhile' -r -f -a "human\t''
json\t'One JSON object a line'"
complete -c switchback -n "__fish_switchback_using_subcommand failover" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l drained -d 'Return only when the side that traffic left has no more requests (10 min at most)'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l yes -d 'Confirm without typing the environment\'s name; needed where there is no terminal'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l dry-run -d 'Print the plan and change nothing'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l resume -d 'Continue the operation of this kind that was cut off'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l abandon -d 'Give up what was cut off, and begin anew'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand failover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l lever -d 'How to move it, if not by the bundle\'s first lever' -r -f -a "metric\t''
endpoint\t''
force\t''
records\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l drill -d 'Label it a drill; on production only within a window of `drill_windows`. A failback that ends a drill is one unless --drill=false says otherwise' -r -f -a "true\t''
false\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l reason -d 'Why; goes into the journal' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l parameter -d 'A parameter of the bundle (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l parameters -d 'A JSON object with parameters' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l override -d 'Go on although this guard refuses; needs --reason (repeatable)' -r -f -a "needed\t''
destination_healthy\t''
predicted\t''
nothing_running\t''
destination_fit\t''
exposure\t''
lever\t''
steady\t''
reverse\t''
records\t''
credentials\t''
parity\t''
practised\t''
not_serving\t''
production\t''
data_loss\t''
blockers\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l progress -d 'What is written to stderr meanwhile' -r -f -a "human\t''
json\t'One JSON object a line'"
complete -c switchback -n "__fish_switchback_using_subcommand failback" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l drained -d 'Return only when the side that traffic left has no more requests (10 min at most)'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l yes -d 'Confirm without typing the environment\'s name; needed where there is no terminal'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l dry-run -d 'Print the plan and change nothing'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l resume -d 'Continue the operation of this kind that was cut off'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l abandon -d 'Give up what was cut off, and begin anew'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand failback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "list" -d 'The bundles'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "show" -d 'One bundle: its stacks, parameters, signals and levers'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "check" -d 'Hold bundles against the rules for templates'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "export" -d 'Write a bundle\'s templates to files'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "parity" -d 'How alike the stacks of both regions are: 0 alike, 10 different, 12 it can\'t be told'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "drift" -d 'Have CloudFormation compare the stacks with their templates: 0 in sync, 10 drifted, 12 it can\'t be told'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and not __fish_seen_subcommand_from list show check export parity drift inline" -f -a "inline" -d 'Put the Lambda sources of --bundle-dir into its templates'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l out -d 'The folder to write to [default: one named like the bundle]' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l yaml -d 'As YAML instead of JSON'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from parity" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l last -d 'Ask for no new detection; show what the last one said'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from drift" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l check -d 'Change nothing; fail where a template differs'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand stacks; and __fish_seen_subcommand_from inline" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l flat -d 'Write cfn-outputs/flat-outputs.json'
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand outputs" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -f -a "list" -d 'The operations, newest first'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -f -a "show" -d 'One operation, entry by entry'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and not __fish_seen_subcommand_from list show verify" -f -a "verify" -d 'Whether the journal is what was written'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand journal; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand report" -l out -d 'Write OPERATION.md and OPERATION.json into this folder' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand report" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand report" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand report" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand report" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand report" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand report" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand report" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand iam" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand iam" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand iam" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -f -a "list" -d 'The scenarios'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -f -a "show" -d 'One scenario: its story and the end to be reached'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and not __fish_seen_subcommand_from list show run" -f -a "run" -d 'Play a scenario without a console to its declared end; 0 when it is reached'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand scenarios; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l listen -d 'Where to speak AWS; on this machine only' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l dns -d 'Where to speak DNS; on this machine only' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand serve" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand serve" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l until -d 'Stop after so many messages' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand replay" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand replay" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand info" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand info" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand info" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand info" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand info" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand info" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand info" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -f -a "print" -d 'What counts, and where each value comes from'
complete -c switchback -n "__fish_switchback_using_subcommand config; and not __fish_seen_subcommand_from print check" -f -a "check" -d 'Whether file and variables are right'
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from print" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand completions" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand completions" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand completions" -s h -l help -d 'Print help'
complete -c switchback -n "__fish_switchback_using_subcommand man" -s e -l environment -d 'The environment: a name of the configuration, or <bundle>-<suffix>' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l bundle -d 'The bundle that describes the system' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l bundle-dir -d 'A folder with bundles of your own' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand man" -l suffix -d 'The suffix that tells this instance of the bundle from others' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l primary -d 'The region that serves by design, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l standby -d 'The region that stands by, if not the bundle\'s' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l profile -d 'The AWS profile' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l endpoint-url -d 'Talk to this address instead of AWS' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l name-server -d 'Ask this name server instead of the zone\'s own (repeatable)' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l config -d 'The configuration file' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand man" -l state-dir -d 'Where journals and last known values are kept' -r -F
complete -c switchback -n "__fish_switchback_using_subcommand man" -l timeout -d 'How long the command may take' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l format -d 'What is written to stdout; prometheus is for `status`' -r -f -a "human\t''
json\t''
prometheus\t''"
complete -c switchback -n "__fish_switchback_using_subcommand man" -l rehearse -d 'Run against the embedded fake AWS, on a scenario [default: steady]' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l speed -d 'World seconds per second, in the console and in `serve` [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l seed -d 'The seed of the world [default: 1]' -r
complete -c switchback -n "__fish_switchback_using_subcommand man" -l read-only -d 'Change nothing, whatever is asked'
complete -c switchback -n "__fish_switchback_using_subcommand man" -s h -l help -d 'Print help'
