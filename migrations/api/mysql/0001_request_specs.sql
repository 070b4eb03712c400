-- nova's table of RequestSpecs in the API database (nova/db/api/models.py, RequestSpec).
CREATE TABLE IF NOT EXISTS request_specs (
    created_at DATETIME,
    updated_at DATETIME,
    id INTEGER NOT NULL AUTO_INCREMENT,
    instance_uuid VARCHAR(36) NOT NULL,
    spec MEDIUMTEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uniq_request_specs0instance_uuid UNIQUE (instance_uuid),
    INDEX request_spec_instance_uuid_idx (instance_uuid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3;
