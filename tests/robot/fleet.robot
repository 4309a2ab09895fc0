*** Settings ***
Documentation       A Mixer and two racks on this machine: what they run, and what becomes of a rack that is killed,
...                 suspended or removed.
Resource            keywords_fleet.resource
Suite Setup         Begin And Start
Suite Teardown      End The Folder


*** Test Cases ***
Both Racks Are Let In And Become Active
    Start A Rack    rack-1
    Start A Rack    rack-2
    Wait Until Keyword Succeeds    120s    0.3s    Racks Are    2    active

Pytest Gives The Records Of A Local Run
    ${local}=    Pytest    0    pack    --fluxscenario-evidence\=local
    ${far}=    Pytest    0    pack    --fluxscenario-evidence\=far    --fluxscenario-mixer\=${URL}
    Should Contain    ${far}    22 passed
    ${one}=    Root Of    ${local}
    ${other}=    Root Of    ${far}
    Should Be Equal    ${one}    ${other}
    Fluxrig    0    evidence    verify    far

What Fails Here Fails There, With The Same Records
    ${text}=    Get File    ${FOLDER}/pack/scenarios/ask_user_case.scenario.yaml
    ${text}=    Replace String    ${text}    route: AskUser    route: Blocked
    Create File    ${FOLDER}/wrong/wrong.scenario.yaml    ${text}
    Copy File    ${FOLDER}/wrong/wrong.scenario.yaml    ${FOLDER}/pack/scenarios/wrong.scenario.yaml
    ${local}=    Pytest    1    pack/scenarios/wrong.scenario.yaml    --fluxscenario-evidence\=bad
    ${far}=    Pytest    1    pack/scenarios/wrong.scenario.yaml    --fluxscenario-evidence\=bad-far
    ...    --fluxscenario-mixer\=${URL}
    Should Contain    ${far}    1 failed
    ${one}=    Root Of    ${local}
    ${other}=    Root Of    ${far}
    Should Be Equal    ${one}    ${other}
    Remove File    ${FOLDER}/pack/scenarios/wrong.scenario.yaml

A Rack With A Gear Of Its Own Gives What The Gear Answers
    ${gears}=    Catenate    SEPARATOR=\n    \ngears:    ${SPACE*2}served: "stdio:${BIN}/fluxrig gear serve pack"
    Start A Rack    rack-gear    ${gears}
    Wait Until Keyword Succeeds    120s    0.3s    Fluxrig    0    rack    approve    rack-gear
    Wait Until Keyword Succeeds    120s    0.3s    Racks Are    3    active
    ${said}=    Pytest    0    pack    --fluxscenario-mixer\=${URL}    --fluxscenario-gear\=served
    Should Contain    ${said}    22 done on rack-gear (22)
    Send Signal To Process    TERM    rack-gear
    ${result}=    Wait For Process    rack-gear    timeout=120s    on_timeout=kill
    Should Be Equal As Integers    ${result.rc}    0    ${result.stderr}
    Fluxrig    0    rack    remove    rack-gear

A Rack That Is Killed Takes Nothing With It
    Terminate Process    rack-2    kill=True
    ${said}=    Pytest    0    pack    --fluxscenario-evidence\=after    --fluxscenario-mixer\=${URL}
    Should Contain    ${said}    22 passed
    Fluxrig    0    evidence    verify    after

A Rack That Is Suspended Gets No Work
    Fluxrig    0    rack    suspend    rack-1
    ${said}=    Fluxrig    0    rack    show    rack-1
    Should Contain    ${said}    suspended
    ${said}=    Pytest    1    pack    -k    happy_path    -o    fluxscenario_mixer_wait\=2    --fluxscenario-mixer\=${URL}
    Should Contain    ${said}    no rack was active for 2 seconds
    Fluxrig    0    rack    activate    rack-1
    Wait Until Keyword Succeeds    120s    0.3s    Racks Are    1    active
    Pytest    0    pack    -k    happy_path    --fluxscenario-mixer\=${URL}

A Rack That Is Removed Is Nobody
    Fluxrig    0    rack    remove    rack-2
    Fluxrig    2    rack    show    rack-2
    ${said}=    Fluxrig    0    rack    list
    Should Not Contain    ${said}    rack-2

Without The Token Nobody Is Heard
    ${result}=    Run Process    ${BIN}/fluxrig    rack    list    cwd=${FOLDER}    stderr=STDOUT
    ...    env:FLUXRIG_API_URL=${URL}    env:FLUXRIG_API_TOKEN=not-the-token-of-this-mixer
    Should Be Equal As Integers    ${result.rc}    2    ${result.stdout}

Each Part Ends In Order
    FOR    ${part}    IN    rack-1    mixer
        Send Signal To Process    TERM    ${part}
        ${result}=    Wait For Process    ${part}    timeout=120s    on_timeout=kill
        Should Be Equal As Integers    ${result.rc}    0    ${result.stderr}
    END


*** Keywords ***
Begin And Start
    Begin A Fleet
    Start The Mixer
