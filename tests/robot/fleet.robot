*** Settings ***
Documentation       A Mixer and two racks on this machine, as docs/fleet.md walks through it, and a rack that is killed.
Resource            keywords.resource
Suite Setup         Begin A Fleet
Suite Teardown      End The Folder


*** Test Cases ***
Both Racks Are Let In And Become Active
    Start A Rack    rack-1
    Start A Rack    rack-2
    Wait Until Keyword Succeeds    30s    0.3s    Racks Are Active    2

Pytest Gives The Records Of A Local Run
    ${local}=    Pytest    0    pack    --fluxscenario-evidence\=local
    ${far}=    Pytest    0    pack    --fluxscenario-evidence\=far    --fluxscenario-mixer\=${URL}
    ${one}=    Get Regexp Matches    ${local}    root sha256:[0-9a-f]+
    ${other}=    Get Regexp Matches    ${far}    root sha256:[0-9a-f]+
    Should Be Equal    ${one}    ${other}
    Length Should Be    ${one}    1
    Fluxrig    0    evidence    verify    far

A Rack That Is Killed Takes Nothing With It
    Terminate Process    rack-2    kill=True
    ${said}=    Pytest    0    pack    --fluxscenario-evidence\=after    --fluxscenario-mixer\=${URL}
    Should Contain    ${said}    14 passed
    Fluxrig    0    evidence    verify    after

A Rack That Is Suspended Gets No Work
    Fluxrig    0    rack    suspend    rack-1
    ${said}=    Fluxrig    0    rack    show    rack-1
    Should Contain    ${said}    suspended
    Fluxrig    0    rack    activate    rack-1
    Wait Until Keyword Succeeds    30s    0.3s    Racks Are Active    1

Without The Token Nobody Is Heard
    ${result}=    Run Process    ${BIN}/fluxrig    rack    list    cwd=${FOLDER}    stderr=STDOUT
    ...    env:FLUXRIG_API_URL=${URL}    env:FLUXRIG_API_TOKEN=not-the-token-of-this-mixer
    Should Be Equal As Integers    ${result.rc}    2    ${result.stdout}

Each Part Ends In Order
    FOR    ${part}    IN    rack-1    mixer
        Send Signal To Process    TERM    ${part}
        ${result}=    Wait For Process    ${part}    timeout=30s    on_timeout=kill
        Should Be Equal As Integers    ${result.rc}    0    ${result.stderr}
    END


*** Keywords ***
Begin A Fleet
    Begin A Folder
    Fluxrig    0    pack    new    pack
    ${port}=    Evaluate    __import__('socket').create_server(('127.0.0.1', 0)).getsockname()[1]
    ${snake}=    Evaluate    __import__('socket').create_server(('127.0.0.1', 0)).getsockname()[1]
    ${token}=    Evaluate    __import__('secrets').token_hex(32)
    VAR    ${URL}    http://127.0.0.1:${port}    scope=SUITE
    VAR    ${SNAKE}    127.0.0.1:${snake}    scope=SUITE
    Set Environment Variable    FLUXRIG_API_URL    ${URL}
    Set Environment Variable    FLUXRIG_API_TOKEN    ${token}
    ${text}=    Get File    ${ROOT}/configs/mixer.yaml
    ${text}=    Replace String    ${text}    127.0.0.1:8090    127.0.0.1:${port}
    ${text}=    Replace String    ${text}    127.0.0.1:4222    ${SNAKE}
    Create File    ${FOLDER}/mixer.yaml    ${text}
    Start Process    ${BIN}/fluxrig-mixer    -c    mixer.yaml    alias=mixer    cwd=${FOLDER}
    ...    stdout=${FOLDER}/mixer.log    stderr=STDOUT
    Wait Until Keyword Succeeds    60s    0.3s    Fluxrig    0    rack    list

Start A Rack
    [Arguments]    ${name}
    ${text}=    Get File    ${ROOT}/configs/rack.yaml
    ${text}=    Replace String    ${text}    127.0.0.1:4222    ${SNAKE}
    ${text}=    Replace String    ${text}    rack-1    ${name}
    Create File    ${FOLDER}/${name}.yaml    ${text}
    Start Process    ${BIN}/fluxrig    rack    start    -c    ${name}.yaml    alias=${name}    cwd=${FOLDER}
    ...    stdout=${FOLDER}/${name}.log    stderr=STDOUT

Racks Are Active
    [Arguments]    ${count}
    ${said}=    Fluxrig    0    rack    list
    ${active}=    Get Regexp Matches    ${said}    (?m) active
    Length Should Be    ${active}    ${count}    ${said}
