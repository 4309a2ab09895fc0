*** Settings ***
Documentation       The walk from an empty machine to a run on two racks, typed as docs/fleet.md writes it.
...                 Left out: the installation. Other: the ports, so that a Mixer on this machine is not in the way, and
...                 the time that people take to read what a command has said.
Resource            keywords_fleet.resource
Suite Setup         Begin A Fleet
Suite Teardown      End The Folder


*** Test Cases ***
What The Documentation Types Does What It Says
    ${text}=    Get File    ${ROOT}/docs/fleet.md
    ${found}=    Get Regexp Matches    ${text}    (?s)## From an empty machine.*?\\n```\\n(.*?)```    1
    ${typed}=    Replace String    ${found}[0]    http://127.0.0.1:8090    ${URL}
    ${typed}=    Replace String Using Regexp    ${typed}    (?m)^pip install .*$    set -m
    ${typed}=    Replace String    ${typed}    fluxrig rack list    ${ONE_READS}
    Create File    ${FOLDER}/typed    ${typed}
    Log    ${typed}
    ${path}=    Get Environment Variable    PATH
    ${result}=    Run Process    bash    -e    typed    cwd=${FOLDER}    stderr=STDOUT    timeout=90s
    ...    env:PATH=${BIN}:${path}    env:NO_COLOR=1
    Log    ${result.stdout}
    Should Be Equal As Integers    ${result.rc}    0    ${result.stdout}
    Should Match Regexp    ${result.stdout}    (?m)^rack-1 .*active
    Should Match Regexp    ${result.stdout}    (?m)^rack-2 .*active
    Should Contain    ${result.stdout}    22 passed


*** Variables ***
${ONE_READS}        until [ "$(fluxrig rack list 2>/dev/null | grep -c " active")" -eq 2 ]; do sleep 0.3; done; fluxrig rack list
