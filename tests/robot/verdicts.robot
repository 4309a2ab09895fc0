*** Settings ***
Documentation       A pack whose rules were weakened: every command that looks says no, with exit status 1, and says why.
Resource            keywords.resource
Suite Setup         Begin Two Versions
Suite Teardown      End The Folder


*** Test Cases ***
A Scenario That Fails Says Which Gate Is Missing
    ${said}=    Pytest    1    weak    --fluxscenario-evidence\=weak-evidence
    Should Contain    ${said}    sending_needs_approval
    Should Match Regexp    ${said}    (?m)^fluxscenario: evidence failed, 22 records
    ${said}=    Fluxrig    1    scenario    run    weak
    Should Contain    ${said}    5 failed

Its Evidence Is Whole, And Says That It Failed
    ${said}=    Fluxrig    0    evidence    verify    weak-evidence
    Should Contain    ${said}    evidence intact
    ${said}=    Fluxrig    0    evidence    show    weak-evidence
    Should Contain    ${said}    failed

What Flips Between The Two Versions Is Told
    ${said}=    Fluxrig    1    scenario    diff    good    weak
    Should Contain    ${said}    loosened
    ${said}=    Fluxrig    0    scenario    diff    good    good
    Should Not Contain    ${said}    loosened

Coverage Is Counted And Held Against A Bound
    Pytest    0    good    --fluxscenario-evidence\=good-evidence
    ${said}=    Fluxrig    0    coverage    good-evidence    --fail-under    90
    Should Contain    ${said}    gates
    Pytest    0    good    -k    happy_path    --fluxscenario-evidence\=one-evidence
    Fluxrig    1    coverage    one-evidence    --fail-under    90

A Proof Holds For One And Not For The Other
    ${said}=    Fluxrig    0    pack    prove    good
    Should Not Contain    ${said}    does not hold
    ${said}=    Fluxrig    1    pack    prove    stuck
    Should Contain    ${said}    refuted dead-ends

A Packet Is Ready For One And Not For The Other
    ${said}=    Fluxrig    0    review    good    -o    good.md
    Should Contain    ${said}    ready
    ${said}=    Fluxrig    1    review    weak    -o    weak.md
    Should Contain    ${said}    not ready
    ${text}=    Get File    ${FOLDER}/weak.md
    Should Contain    ${text}    Not ready

Mutants That Nobody Notices Are Named
    Remove File    ${FOLDER}/untested/scenarios/approval_required.scenario.yaml
    ${said}=    Fluxrig    1    mutate    untested
    Should Contain    ${said}    survived
    Should Contain    ${said}    sending_needs_approval


*** Keywords ***
Begin Two Versions
    [Documentation]    ``good`` as it is made, ``weak`` without its approval gate, ``untested`` without scenarios of it; ``stuck`` never ends.
    Begin A Folder
    Fluxrig    0    pack    new    announcement
    FOR    ${name}    IN    good    weak    untested    stuck
        Copy Directory    ${FOLDER}/announcement    ${FOLDER}/${name}
    END
    Remove Directory    ${FOLDER}/announcement    recursive=True
    ${text}=    Get File    ${FOLDER}/weak/profile.yaml
    ${before}    ${rest}=    Split String    ${text}    ${SPACE}${SPACE}# An approval gate fires    max_split=1
    ${gate}    ${after}=    Split String    ${rest}    ${SPACE}${SPACE}- id: closing_requires_sending    max_split=1
    ${text}=    Catenate    SEPARATOR=    ${before}    ${SPACE}${SPACE}- id: closing_requires_sending    ${after}
    Create File    ${FOLDER}/weak/profile.yaml    ${text}
    ${text}=    Get File    ${FOLDER}/stuck/profile.yaml
    ${text}=    Replace String    ${text}    required_artifacts: [sending_record]    required_artifacts: [closing_record]
    Create File    ${FOLDER}/stuck/profile.yaml    ${text}
