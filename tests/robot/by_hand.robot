*** Settings ***
Documentation       The walk from an empty folder to a run on two racks, typed as docs/fleet.md writes it.
...                 Left out: the installation. Other: the ports, so that a Mixer on this machine is not in the way.
Resource            keywords_fleet.resource
Suite Setup         Begin A Folder With Ports
Suite Teardown      End The Folder


*** Test Cases ***
What The Documentation Types Does What It Says
    ${text}=    Get File    ${ROOT}/docs/fleet.md
    ${found}=    Get Regexp Matches    ${text}    (?s)## From an empty machine.*?\\n```\\n(.*?)```    1
    VAR    ${typed}    ${found}[0]
    ${typed}=    Replace Once    ${typed}    pip install 'pytest-fluxscenario[fleet]'    set -m
    ${typed}=    Replace Once    ${typed}    'racks: {adopt: [rack-1, rack-2]}'
    ...    '{racks: {adopt: [rack-1, rack-2]}, api: {listen: "127.0.0.1:${PORT}"}, snake: {listen: "${SNAKE}"}}'
    ${typed}=    Replace Once    ${typed}    snake: {joining:    snake: {url: 'nats://${SNAKE}', joining:
    ${typed}=    Replace Once    ${typed}    http://127.0.0.1:8090    ${URL}
    Create File    ${FOLDER}/typed    ${typed}wait\n
    Log    ${typed}
    ${path}=    Get Environment Variable    PATH
    ${result}=    Run Process    bash    typed    cwd=${FOLDER}    stderr=STDOUT    timeout=120s    on_timeout=kill
    ...    env:PATH=${BIN}:${path}    env:NO_COLOR=1
    Log    ${result.stdout}
    Should Match Regexp    ${result.stdout}    (?m)^rack-1 .*active
    Should Match Regexp    ${result.stdout}    (?m)^rack-2 .*active
    Should Contain    ${result.stdout}    22 passed
    Should Not Contain    ${result.stdout}    Traceback


*** Keywords ***
Replace Once
    [Documentation]    What the documentation does not say any more has to be looked at here, too.
    [Arguments]    ${text}    ${what}    ${with}
    Should Contain X Times    ${text}    ${what}    1
    ${text}=    Replace String    ${text}    ${what}    ${with}
    RETURN    ${text}
