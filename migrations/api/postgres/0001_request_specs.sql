-- nova's table of RequestSpecs in the API database (nova/db/api/models.py, RequestSpec).
CREATE TABLE request_specs (
    created_at TIMESTAMP WITHOUT TIME ZONE,
    updated_at TIMESTAMP WITHOUT TIME ZONE,
    id SERIAL NOT NULL,
    instance_uuid VARCHAR(36) NOT NULL,
    spec TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT uniq_request_specs0instance_uuid UNIQUE (instance_uuid)
);
CREATE INDEX request_spec_instance_uuid_idx ON request_specs (instance_uuid);
