// ServiceNow business rule for VSM: tells of each incident and change request as it is written.
// Set-up, the fields of the body and what becomes of them: docs/tools/servicenow.md.
//
// Table: Incident [incident], and a second copy on Change Request [change_request]. When: after; Insert, Update, Delete.
// System properties: vsm.endpoint (the address of the source), vsm.secret (its secret).
(function executeRule(current, previous) {
    // Names of your own fields that tell what caused an incident: a deployment's uri, a full commit id or an image's
    // digest. They are read of the incident and of the change that caused it.
    var CAUSES = ['u_deployment', 'u_commit', 'u_image'];
    // Names of your own fields that hold the keys of the tickets that a change request is for, before its description.
    var TICKETS = ['u_ticket', 'correlation_id', 'correlation_display'];
    // Your own field for the environment, read before that of the configuration item.
    var ENVIRONMENT = 'u_environment';
    // The classes of configuration items that are services; of another class (a laptop, a server) the name is not sent.
    var SERVICES = /^(cmdb_ci_service|cmdb_ci_appl|cmdb_ci_business_app|service_offering)/;

    var endpoint = gs.getProperty('vsm.endpoint');
    var secret = gs.getProperty('vsm.secret');
    if (!endpoint || !secret) {
        gs.warn('VSM: the system properties vsm.endpoint and vsm.secret are needed');
        return;
    }

    function text(record, field) {
        return record && record.isValidField(field) ? record.getValue(field) || '' : '';
    }

    function referred(record, field) {
        if (!text(record, field)) {
            return null;
        }
        var found = record[field].getRefRecord();
        return found && found.isValidRecord() ? found : null;
    }

    function texts(record, fields) {
        var found = [];
        for (var i = 0; record && i < fields.length; i++) {
            var told = text(record, fields[i]);
            if (told) {
                found.push(told);
            }
        }
        return found;
    }

    function serviceOf(record) {
        if (text(record, 'business_service')) {
            return record.business_service.getDisplayValue();
        }
        var item = referred(record, 'cmdb_ci');
        return item && SERVICES.test(text(item, 'sys_class_name')) ? text(item, 'name') : '';
    }

    function environmentOf(record) {
        var item = referred(record, 'cmdb_ci');
        return text(record, ENVIRONMENT) || text(item, 'environment') || text(item, 'used_for');
    }

    function told(record) {
        var change = referred(record, 'caused_by');
        return {
            state: text(record, 'state'),
            state_label: '' + record.state.getDisplayValue(),
            approval: text(record, 'approval'),
            service: serviceOf(record),
            environment: environmentOf(record),
            caused_by: text(change, 'number'),
            causes: texts(record, CAUSES).concat(texts(change, CAUSES))
        };
    }

    var operation = '' + current.operation();
    var record = told(current);
    record.sys_id = current.getUniqueValue();
    record.number = text(current, 'number');
    record.mod_count = text(current, 'sys_mod_count');
    record.url = gs.getProperty('glide.servlet.uri') + current.getTableName() + '.do?sys_id=' + record.sys_id;
    record.created_at = text(current, 'sys_created_on');
    record.opened_at = text(current, 'opened_at');
    record.updated_at = text(current, 'sys_updated_on');
    record.resolved_at = text(current, 'resolved_at');
    record.closed_at = text(current, 'closed_at');
    record.reopened_at = text(current, 'reopened_time');
    record.priority = text(current, 'priority');
    record.type = text(current, 'type');
    record.close_code = text(current, 'close_code');
    record.tickets = texts(current, TICKETS);
    record.short_description = text(current, 'short_description');

    // ASCII alone and without a dollar sign (ServiceNow would fill in ${...}): what is signed is what is sent.
    var body = JSON.stringify({
        id: record.sys_id + '/' + record.mod_count + '/' + operation,
        table: current.getTableName(),
        operation: operation,
        sent_at: new GlideDateTime().getValue(),
        record: record,
        previous: operation === 'update' && previous ? told(previous) : null,
        actor: {id: gs.getUserID(), interactive: gs.isInteractive()}
    }).replace(/[$\u007f-\uffff]/g, function (character) {
        return '\\u' + ('000' + character.charCodeAt(0).toString(16)).slice(-4);
    });

    var request = new sn_ws.RESTMessageV2();
    request.setEndpoint(endpoint);
    request.setHttpMethod('POST');
    request.setHttpTimeout(10000);
    request.setRequestHeader('Content-Type', 'application/json');
    request.setRequestHeader(
        'X-VSM-Signature',
        new GlideCertificateEncryption().generateMac(GlideStringUtil.base64Encode(secret), 'HmacSHA256', body)
    );
    request.setRequestBody(body);
    request.executeAsync();
})(current, previous);
